(* What the chapters need of sums over n classes. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Export Language.

Set Implicit Arguments.
Unset Strict Implicit.

Lemma RplusA : associative Rplus.  Proof. by move=> *; ring. Qed.
Lemma RmultA : associative Rmult.  Proof. by move=> *; ring. Qed.

Canonical Rplus_law := Monoid.Law RplusA Rplus_0_l Rplus_0_r.
Canonical Rplus_comlaw := Monoid.ComLaw Rplus_comm.
Canonical Rmult_law := Monoid.Law RmultA Rmult_1_l Rmult_1_r.
Canonical Rmult_mullaw := Monoid.MulLaw Rmult_0_l Rmult_0_r.
Canonical Rplus_addlaw := Monoid.AddLaw Rmult_plus_distr_r Rmult_plus_distr_l.

Section Sums.
Variable I : finType.
Implicit Types (i j : I) (f g : I -> R) (P : pred I) (c : R).

Lemma sum_split f g : \sum_i (f i + g i) = \sum_i f i + \sum_i g i.
Proof. exact: big_split. Qed.

Lemma sum_scale c f : \sum_i (c * f i) = c * \sum_i f i.
Proof. by rewrite big_distrr. Qed.

Lemma sum_scaler c f : \sum_i (f i * c) = (\sum_i f i) * c.
Proof. by rewrite big_distrl. Qed.

Lemma sum_div c f : \sum_i (f i / c) = (\sum_i f i) / c.
Proof. exact: sum_scaler. Qed.

Lemma sum_opp f : \sum_i - f i = - \sum_i f i.
Proof. by rewrite (big_morph Ropp Ropp_plus_distr Ropp_0). Qed.

Lemma sum_minus f g : \sum_i (f i - g i) = \sum_i f i - \sum_i g i.
Proof. by rewrite sum_split sum_opp. Qed.

Lemma sum_le P f g : (forall i, P i -> f i <= g i) -> \sum_(i | P i) f i <= \sum_(i | P i) g i.
Proof.
move=> le; elim/big_ind2: _ => //; first exact: Rle_refl.
move=> *; exact: Rplus_le_compat.
Qed.

Lemma sum_ge0 P f : (forall i, P i -> 0 <= f i) -> 0 <= \sum_(i | P i) f i.
Proof.
move=> pos; elim/big_ind: _ => //; [exact: Rle_refl | exact: Rplus_le_le_0_compat].
Qed.

(* One term of a sum, and all the others. *)
Lemma sum_one (j : I) f : \sum_i f i = f j + \sum_(i | i != j) f i.
Proof. exact: bigD1. Qed.

Lemma sum_term (j : I) f : (forall i, 0 <= f i) -> f j <= \sum_i f i.
Proof.
move=> pos; rewrite (sum_one j).
suff: 0 <= \sum_(i | i != j) f i by lra.
by apply: sum_ge0.
Qed.

Lemma sum_two (i j : I) f : (forall k, 0 <= f k) -> j != i -> f i + f j <= \sum_k f k.
Proof.
move=> pos ji; rewrite (sum_one i) (bigD1 j) //=; apply: Rplus_le_compat_l.
by rewrite -{1}[f j]Rplus_0_r; apply/Rplus_le_compat_l/sum_ge0.
Qed.

Lemma sum_gt0 (j : I) f : (forall i, 0 < f i) -> 0 < \sum_i f i.
Proof.
move=> pos; apply: Rlt_le_trans (pos j) _.
by apply: (@sum_term j) => i; apply: Rlt_le.
Qed.

(* Terms that are not negative and sum to 0 are all 0. *)
Lemma sum_eq0 f : (forall i, 0 <= f i) -> \sum_i f i = 0 -> forall i, f i = 0.
Proof.
move=> pos zero i; apply: Rle_antisym => //.
by rewrite -zero; apply: sum_term.
Qed.

Lemma sum_const c : \sum_(i : I) c = INR #|I| * c.
Proof.
rewrite big_const; elim: #|I| => [|m IH] /=; first by ring.
by rewrite IH; case: m {IH} => [|m] /=; ring.
Qed.

Lemma delta_same i : delta i i = 1.
Proof. by rewrite /delta eqxx. Qed.

Lemma delta_other i j : i != j -> delta i j = 0.
Proof. by rewrite /delta => /negbTE ->. Qed.

Lemma delta_sym i j : delta i j = delta j i.
Proof. by rewrite /delta eq_sym. Qed.

Lemma sum_delta j f : \sum_i f i * delta i j = f j.
Proof.
rewrite (sum_one j) delta_same big1 => [|i ij]; first by ring.
by rewrite delta_other //; ring.
Qed.

(* The derivative of a sum is the sum of the derivatives. *)
Lemma is_derive_sum (f : I -> R -> R) (f' : I -> R) (x : R) :
  (forall i, is_derive (f i) x (f' i)) ->
  is_derive (fun t => \sum_i f i t) x (\sum_i f' i).
Proof.
move=> d; rewrite /index_enum; elim: (Finite.enum I) => [|i r IH].
  rewrite big_nil; apply: (is_derive_ext (fun=> 0)) => [t|]; first by rewrite big_nil.
  exact: is_derive_const.
rewrite big_cons; apply: (is_derive_ext (fun t => f i t + \sum_(j <- r) f j t)) => [t|].
  by rewrite big_cons.
by apply: (is_derive_plus (K := R_AbsRing) (V := R_NormedModule)).
Qed.

End Sums.

Lemma sum_equal n c : \sum_(i < n) c = INR n * c.
Proof. by rewrite sum_const card_ord. Qed.

Lemma exp_le a b : a <= b -> exp a <= exp b.
Proof. by case=> [ab|->]; [apply/Rlt_le/exp_increasing | apply: Rle_refl]. Qed.

(* The largest number of a set *)
Lemma big_max_ge (I : eqType) (r : seq I) (f : I -> R) x k :
  k \in r -> f k <= \big[Rmax/x]_(j <- r) f j.
Proof.
elim: r => // j r IH; rewrite inE big_cons => /orP[/eqP->|kr]; first exact: Rmax_l.
exact: Rle_trans (IH kr) (Rmax_r _ _).
Qed.

Lemma big_max_some (I : eqType) (r : seq I) (f : I -> R) x :
  \big[Rmax/x]_(j <- r) f j = x \/ exists2 k, k \in r & \big[Rmax/x]_(j <- r) f j = f k.
Proof.
elim: r => [|j r IH]; first by left; rewrite big_nil.
rewrite big_cons /Rmax; case: Rle_dec => _; last by right; exists j; rewrite ?inE ?eqxx.
by case: IH => [->|[k kr e]]; [left | right; exists k => //; rewrite inE kr orbT].
Qed.

Section Largest.
Variables (n : nat) (A : {set 'I_n}) (f : 'R^n).

Lemma largest_in_ge k : k \in A -> f k <= largest_in A f.
Proof.
rewrite /largest_in; case: pickP => [i _ kA|none kA]; last by have := none k; rewrite kA.
by rewrite -big_filter; apply: big_max_ge; rewrite mem_filter kA mem_index_enum.
Qed.

Lemma largest_in_some k : k \in A -> exists2 i, i \in A & largest_in A f = f i.
Proof.
rewrite /largest_in; case: pickP => [i iA _|none kA]; last by have := none k; rewrite kA.
rewrite -big_filter; case: (big_max_some [seq x <- index_enum _ | x \in A] f (f i)) => [->|].
  by exists i.
by case=> j; rewrite mem_filter => /andP[jA _] ->; exists j.
Qed.

Lemma largest_in_is k : k \in A -> (forall i, i \in A -> f i <= f k) -> largest_in A f = f k.
Proof.
move=> kA le; apply: Rle_antisym; last exact: largest_in_ge.
by have [i iA ->] := largest_in_some kA; apply: le.
Qed.

End Largest.

Lemma largest_ge n (f : 'R^n) k : f k <= largest f.
Proof. by apply: largest_in_ge; rewrite in_setT. Qed.

Lemma largest_some n (f : 'R^n) : 'I_n -> exists k, largest f = f k.
Proof.
move=> i; rewrite /largest; have [|k _ ->] := @largest_in_some _ setT f i; last by exists k.
by rewrite in_setT.
Qed.

Lemma smallest_le n (f : 'R^n) k : smallest f <= f k.
Proof. by have := largest_ge (fun i => - f i) k; rewrite /smallest; lra. Qed.
