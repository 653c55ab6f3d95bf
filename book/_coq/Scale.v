(* The chapter "A million classes": what it needs, and then its statements. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Statements Softmax SoftmaxDerivative CrossEntropy CombinedGradient Stability Training Variants.
Set Implicit Arguments.
Unset Strict Implicit.

(* The sum of exponentials that a pair stands for. *)
Definition meaning (x : pair) : R := if x is Pair m a then exp m * a else 0.

(* The pair of some of the classes. *)
Definition pair_of n (z : 'R^n) (A : {set 'I_n}) (x : pair) : Prop :=
  match x with
  | Nothing => A = set0
  | Pair m a => [/\ forall i, i \in A -> z i <= m, exists2 k, k \in A & z k = m
                & a = \sum_(k in A) exp (z k - m)]
  end.

(* B30, thm-merge *)
Theorem pair_meaning n (z : 'R^n) A x : pair_of z A x -> meaning x = \sum_(k in A) exp (z k).
Proof.
case: x => [->|m a [_ _ ->]] /=; first by rewrite big_set0.
by rewrite big_distrr; apply: eq_bigr => k _ /=; rewrite -exp_plus; congr exp; ring.
Qed.

Theorem merge_meaning x y : meaning (merge x y) = meaning x + meaning y.
Proof.
case: x y => [|m1 a1] [|m2 a2] /=; try ring.
set m := Rmax _ _.
have e b : exp m * exp (b - m) = exp b by rewrite -exp_plus; congr exp; ring.
by rewrite -(e m1) -(e m2); ring.
Qed.

Theorem merge_pairs n (z : 'R^n) (A B : {set 'I_n}) x y : [disjoint A & B] ->
  pair_of z A x -> pair_of z B y -> pair_of z (A :|: B) (merge x y).
Proof.
case: x y => [|m1 a1] [|m2 a2] /= dis.
- by move=> -> ->; rewrite setU0.
- by move=> ->; rewrite set0U.
- by move=> ? ->; rewrite setU0.
move=> [le1 [k1 A1 e1] ->] [le2 [k2 B2 e2] ->]; set m := Rmax _ _.
split.
- move=> i; rewrite inE => /orP[iA|iB].
    exact: Rle_trans (le1 i iA) (Rmax_l _ _).
  exact: Rle_trans (le2 i iB) (Rmax_r _ _).
- rewrite /m /Rmax; case: Rle_dec => _; [exists k2 | exists k1] => //;
    by rewrite in_setU ?A1 ?B2 ?orbT.
rewrite [RHS](eq_bigl (fun i => (i \in A) || (i \in B))) => [|i]; last exact: in_setU.
rewrite bigU //= !big_distrl /=; congr (_ + _);
  by apply: eq_bigr => k _; rewrite -exp_plus; congr exp; ring.
Qed.

(* B31, thm-associative *)
Theorem mergeC : commutative merge.
Proof. by case=> [|m1 a1] [|m2 a2] //=; rewrite Rmax_comm; congr Pair; ring. Qed.

Theorem mergeA : associative merge.
Proof.
case=> [|m1 a1] [|m2 a2] [|m3 a3] //=.
rewrite Rmax_assoc; set m := Rmax (Rmax m1 m2) m3; congr Pair.
have e b c : exp (b - c) * exp (c - m) = exp (b - m) by rewrite -exp_plus; congr exp; ring.
by rewrite !Rmult_plus_distr_r !Rmult_assoc !e; ring.
Qed.

Theorem merge_nothing x : merge Nothing x = x /\ merge x Nothing = x.
Proof. by case: x. Qed.

(* So mathcomp's big operator is defined for it, and parts may come in any order. *)
Canonical merge_law := Monoid.Law mergeA (fun x => proj1 (merge_nothing x))
  (fun x => proj2 (merge_nothing x)).
Canonical merge_comlaw := Monoid.ComLaw mergeC.

Theorem merge_any_order N (part : 'I_N -> pair) (xs ys : seq 'I_N) : perm_eq xs ys ->
  \big[merge/Nothing]_(b <- xs) part b = \big[merge/Nothing]_(b <- ys) part b.
Proof. exact: perm_big. Qed.

(* What the chapter says *)

Theorem eq_rescale : Statement.eq_rescale.
Proof.
move=> n z m m1 _; split; first by rewrite sum_scaler.
by apply: eq_bigr => i _; rewrite -exp_plus; congr exp; ring.
Qed.

Theorem eq_associative : Statement.eq_associative.
Proof.
move=> a1 a2 a3 m m1 m2 m3 m'; split=> //.
have e b : exp (b - m') * exp (m' - m) = exp (b - m) by rewrite -exp_plus; congr exp; ring.
by rewrite /Statement.a_both Rmult_plus_distr_r !Rmult_assoc !e.
Qed.

Theorem thm_merge : Statement.thm_merge.
Proof.
move=> n z A B n0 [k1 A1] [k2 B2] dis.
have pairs (C : {set 'I_n}) k : k \in C ->
    pair_of z C (Pair (largest_in C (fun k => z k)) (\sum_(k in C) exp (z k - largest_in C (fun k => z k)))).
  move=> kC; have [i iC e] := largest_in_some (fun k => z k) kC; split=> //; last by exists i.
  by move=> l lC; apply: (largest_in_ge (fun k => z k)).
split; first by have := pair_meaning (pairs A k1 A1).
have := merge_pairs dis (pairs A k1 A1) (pairs B k2 B2).
rewrite /merge /= -/(Statement.m_A z A) -/(Statement.m_B z B) -/(Statement.a_A z A) -/(Statement.a_B z B).
set m := Rmax _ _ => -[le [k kC e] ->].
have -> : m = Statement.m_AB z A B.
  by rewrite /Statement.m_AB (largest_in_is kC) // => i /le; rewrite e.
by [].
Qed.

Theorem thm_associative : Statement.thm_associative.
Proof.
move=> a1 a2 m1 m2 P1 P2 P3; all => //; [by rewrite mergeA | exact: mergeC | exact: (merge_nothing P1).2].
Qed.

Theorem eq_recompute : Statement.eq_recompute.
Proof.
move=> n y z j one; have [e d] := both (@gradient_any _ z y j one).
have step : softmax z j = exp (z j - LSE z) by rewrite -ln_softmax exp_ln //; apply: softmax_gt0.
by all => // *; try positive j; rewrite ?d -?step.
Qed.

(* Moving z_j moves the output of attention as a mean. *)
Theorem eq_attention_back : Statement.eq_attention_back.
Proof.
move=> n v z j u.
have out (s : 'R^n) : \sum_i u * v i * s i = Statement.u_o s v u :> R.
  by rewrite /Statement.u_o /Statement.o -sum_scale; apply: eq_bigr => i _; ring.
have [e d] : ex_derive (fun t => Statement.u_o (softmax (put z j t)) v u) (z j) /\
    Derive (fun t => Statement.u_o (softmax (put z j t)) v u) (z j)
      = \sum_i u * v i * Derive (fun t => softmax (put z j t) i) (z j).
  apply: both.
  apply: (is_derive_ext (fun t => \sum_i u * v i * softmax (put z j t) i)) => [t|]; first exact: out.
  apply: is_derive_sum => i; apply: is_derive_scal; apply: Derive_correct.
  by exists (softmax z i * (delta i j - softmax z j)); apply: jacobian.
have step : \sum_i u * v i * Derive (fun t => softmax (put z j t) i) (z j)
    = softmax z j * (u * v j - \sum_i softmax z i * (u * v i)).
  rewrite (eq_bigr (fun i => softmax z j * (u * v i * delta i j - softmax z i * (u * v i)))) => [|i _].
    by rewrite sum_scale sum_minus sum_delta.
  rewrite -/(J z i j) J_is; case: (eqVneq i j) => [->|ne]; first by ring.
  by rewrite /delta (negbTE ne); ring.
have last : \sum_i softmax z i * (u * v i) = u * Statement.o (softmax z) v.
  by rewrite /Statement.o -sum_scale; apply: eq_bigr => i _; ring.
all => // [i|]; first by exists (softmax z i * (delta i j - softmax z j)); apply: jacobian.
by rewrite last.
Qed.
