(* The chapter "Softmax": what it needs, and then its statements. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Statements.
Set Implicit Arguments.
Unset Strict Implicit.

(* What sums to 1 has at least one entry. *)
Lemma some n (y : 'R^n) : \sum_i y i = 1 -> (0 < n)%N.
Proof. by case: n y => // y; rewrite big_ord0; lra. Qed.

Lemma class_some n (i : 'I_n) : (0 < n)%N.
Proof. exact: leq_ltn_trans (ltn_ord i). Qed.

Definition LSE n (z : 'R^n) : R := ln (\sum_k exp (z k)).

Section Softmax.
Variables (n : nat) (z : 'R^n).
Implicit Types i j k : 'I_n.
Notation s := (softmax z).

Lemma S_gt0 i : 0 < \sum_k exp (z k).
Proof. by apply: (sum_gt0 i) => k; apply: exp_pos. Qed.

(* S2, thm-range *)
Theorem softmax_gt0 i : 0 < s i.
Proof. by apply: Rdiv_lt_0_compat; [apply: exp_pos | apply: S_gt0]. Qed.

Theorem softmax_sum : (0 < n)%N -> \sum_i s i = 1.
Proof.
case: n z => // m z' _; rewrite sum_div; apply: Rinv_r.
by apply: Rgt_not_eq; apply: (sum_gt0 ord0) => k; apply: exp_pos.
Qed.

Lemma sum_s i : \sum_k s k = 1.
Proof. by apply: softmax_sum; apply: leq_ltn_trans (ltn_ord i). Qed.

Theorem softmax_lt1 i : (2 <= n)%N -> s i < 1.
Proof.
move=> n2; have [j ji] : exists j, j != i.
  case: (pickP (predC1 i)) => [j ?|none]; first by exists j.
  have: (1 < #|'I_n|)%N by rewrite card_ord.
  by rewrite (cardD1 i) eq_card0 // => j; rewrite !inE andbT; apply: none.
have pos k : 0 <= s k by apply/Rlt_le/softmax_gt0.
by have := sum_two pos ji; have := softmax_gt0 j; rewrite (sum_s i); lra.
Qed.

Lemma softmax_le1 i : s i <= 1.
Proof. by rewrite -(sum_s i); apply: sum_term => k; apply: Rlt_le; apply: softmax_gt0. Qed.

Theorem softmax_one i : n = 1%N -> s i = 1.
Proof.
move=> n1; rewrite -(sum_s i) (sum_one i) big1 => [|j]; first by ring.
have first (k : 'I_n) : nat_of_ord k = 0%N.
  by apply/eqP; rewrite -leqn0 -ltnS -n1; apply: ltn_ord.
by rewrite -val_eqE /= !first.
Qed.

(* B2, thm-ratio, and S3 *)
Theorem softmax_ratio i j : s i / s j = exp (z i - z j).
Proof.
rewrite /softmax /Rminus exp_plus exp_Ropp; have ? := S_gt0 i; have ? := exp_pos (z j).
by field; lra.
Qed.

(* B1, thm-shift *)
Theorem softmax_shift c i : softmax (fun k => z k + c) i = softmax z i.
Proof.
rewrite /softmax (eq_bigr (fun k => exp (z k) * exp c)) => [|k _]; last exact: exp_plus.
rewrite sum_scaler exp_plus; have ? := S_gt0 i; have ? := exp_pos c; by field; lra.
Qed.

Lemma ln_softmax i : ln (s i) = z i - LSE z.
Proof.
rewrite ln_div ?ln_exp //; [exact: exp_pos | exact: (S_gt0 i)].
Qed.

Lemma exp_LSE i : exp (LSE z) = \sum_k exp (z k).
Proof. by apply: exp_ln; apply: (S_gt0 i). Qed.

End Softmax.

Lemma softmax_ext n (z z' : 'R^n) i : (forall k, z k = z' k) -> softmax z i = softmax z' i.
Proof. by move=> e; rewrite /softmax e; congr (_ / _); apply: eq_bigr => k _; rewrite e. Qed.

Lemma largest_exists n (z : 'R^n) : 'I_n -> exists m, forall i, z i <= z m.
Proof.
move=> i; suff [m le] : exists m, forall k, k \in i :: enum 'I_n -> z k <= z m.
  by exists m => k; apply: le; rewrite inE mem_enum orbT.
elim: (enum 'I_n) => [|j r [m le]].
  by exists i => k; rewrite inE => /eqP ->; apply: Rle_refl.
case: (Rle_lt_dec (z j) (z m)) => jm; [exists m | exists j] => k;
  rewrite !inE => /or3P[/eqP-> | /eqP-> | kr]; rewrite ?jm //; try exact: Rle_refl.
- by apply: le; rewrite inE eqxx.
- by apply: le; rewrite inE kr orbT.
- by apply/Rlt_le/(Rle_lt_trans _ (z m)) => //; apply: le; rewrite inE eqxx.
by apply/Rlt_le/(Rle_lt_trans _ (z m)) => //; apply: le; rewrite inE kr orbT.
Qed.

(* B4, thm-lse *)
Theorem LSE_bounds n (z : 'R^n) m : (forall i, z i <= m) /\ (exists k, z k = m) ->
  m <= LSE z <= m + ln (INR n).
Proof.
move=> [top [k zk]].
have n0 : 0 < INR n by apply: (lt_INR 0); apply/ltP; apply: leq_ltn_trans (ltn_ord k).
split.
  rewrite -{1}(ln_exp m) -zk; apply: ln_le; first exact: exp_pos.
  by apply: (sum_term k (f := fun i => exp (z i))) => i; apply: Rlt_le; apply: exp_pos.
rewrite -(ln_exp m) -ln_mult //; last exact: exp_pos.
apply: ln_le; first exact: (S_gt0 z k).
rewrite Rmult_comm -sum_equal; apply: sum_le => i _.
by apply/exp_le/top.
Qed.

Lemma is_lim_sum (I : finType) (f : I -> R -> R) (l : I -> R) (x : Rbar) :
  (forall i, is_lim (f i) x (l i)) -> is_lim (fun t => \sum_i f i t) x (\sum_i l i).
Proof.
move=> lim; rewrite /index_enum; elim: (Finite.enum I) => [|i r IH].
  rewrite big_nil; apply: (is_lim_ext (fun=> 0)) => [t|]; first by rewrite big_nil.
  exact: is_lim_const.
rewrite big_cons; apply: (is_lim_ext (fun t => f i t + \sum_(j <- r) f j t)) => [t|].
  by rewrite big_cons.
exact: is_lim_plus'.
Qed.

Lemma is_lim_quotient (f g : R -> R) (x : Rbar) (a b : R) :
  is_lim f x a -> is_lim g x b -> b <> 0 -> is_lim (fun t => f t / g t) x (a / b).
Proof.
move=> fa gb b0; have e : Rbar_div a b = a / b by rewrite /Rbar_div /Rbar_inv /=.
by rewrite -e; apply: is_lim_div => //; case.
Qed.

Section Temperature.
Variables (n : nat) (z : 'R^n).
Notation s_T T := (softmax (fun k => z k / T)).

Theorem hot i : is_lim (fun T => s_T T i) p_infty (/ INR n).
Proof.
have lim k : is_lim (fun T => exp (z k / T)) p_infty 1.
  rewrite -exp_0; apply: is_lim_comp_continuous; last exact: continuous_exp.
  apply: (is_lim_ext (fun T => z k * / T)) => //.
  rewrite -[X in is_lim _ _ (Finite X)](Rmult_0_r (z k)).
  apply: (is_lim_scal_l _ _ _ (Finite 0)).
  by apply: (is_lim_inv _ _ p_infty) => //; apply: is_lim_id.
have n0 : INR n <> 0 by apply/not_0_INR/eqP; rewrite -lt0n; apply: class_some i.
have -> : / INR n = 1 / INR n by field.
apply: is_lim_quotient => //.
have -> : INR n = \sum_(k < n) 1 by rewrite sum_equal; ring.
exact: is_lim_sum.
Qed.

(* The classes of the largest logit. *)
Variable top : {set 'I_n}.
Hypothesis top_largest : forall k, k \in top <-> (forall i, z i <= z k).

Theorem cold i :
  filterlim (fun T => s_T T i) (at_right 0)
    (locally (if i \in top then / INR #|top| else 0)).
Proof.
have [m m_top] : exists m, m \in top.
  by have [m le] := largest_exists z i; exists m; apply/top_largest.
have lim k : is_lim (fun u => exp (u * (z k - z m))) p_infty (if k \in top then 1 else 0).
  case: ifP => kt.
    apply: (is_lim_ext (fun=> 1)) => [u|]; last exact: is_lim_const.
    have -> : z k = z m.
      by apply: Rle_antisym; [apply: (proj1 (top_largest m)) | apply: (proj1 (top_largest k))].
    by rewrite Rminus_eq_0 Rmult_0_r exp_0.
  have neg : z k - z m < 0.
    have /top_largest le := m_top; case: (le k) => [lt|e]; first by lra.
    by move: kt => /negP[]; apply/top_largest => j; rewrite e.
  apply: (is_lim_comp exp _ _ _ m_infty); first exact: is_lim_exp_m.
    have := is_lim_scal_r id (z k - z m) p_infty p_infty (is_lim_id _).
    by rewrite (is_Rbar_mult_unique _ _ _ (is_Rbar_mult_p_infty_neg (z k - z m) neg)).
  by exists 0.
have one : 0 < \sum_(k in top) 1.
  apply: Rlt_le_trans (Rlt_0_1) _; rewrite (bigD1 m) //=.
  by have := @sum_ge0 _ (fun i => (i \in top) && (i != m)) (fun=> 1); move/(_ (fun _ _ => Rle_0_1)); simpl; lra.
have card : \sum_(k in top) 1 = INR #|top|.
  rewrite big_const; elim: #|top| => // c IH; by rewrite S_INR /= IH; ring.
apply: (filterlim_ext_loc (fun T => softmax (fun k => / T * (z k - z m)) i)).
  exists (mkposreal _ Rlt_0_1) => T _ T0.
  rewrite -(softmax_shift (fun k => z k / T) (- (z m / T))); apply: softmax_ext => k.
  by field; apply: Rgt_not_eq.
apply: (filterlim_comp _ _ _ Rinv (fun u => softmax (fun k => u * (z k - z m)) i)).
  exact: filterlim_Rinv_0_right.
have -> : (if i \in top then / INR #|top| else 0) =
  (if i \in top then 1 else 0) / \sum_k (if k \in top then 1 else 0).
  by rewrite -big_mkcond card; case: ifP => _; rewrite /Rdiv; ring.
have : is_lim (fun u => softmax (fun k => u * (z k - z m)) i) p_infty
  ((if i \in top then 1 else 0) / \sum_k (if k \in top then 1 else 0)).
  by apply: is_lim_quotient; [exact: lim | exact: is_lim_sum | rewrite -big_mkcond; exact: Rgt_not_eq one].
by [].
Qed.

End Temperature.

(* What the chapter says *)

(* What is positive, or not 0, because it is made of exponentials; i is some class. *)
Ltac positive i := intros; try apply: pow_nonzero; first
  [ assumption | exact: (S_gt0 _ i) | exact: softmax_gt0 | exact: exp_pos
  | apply: Rgt_not_eq; first [exact: (S_gt0 _ i) | exact: softmax_gt0 | exact: exp_pos]
  | apply: Rdiv_lt_0_compat; first [exact: (S_gt0 _ i) | exact: softmax_gt0 | exact: exp_pos] ].

(* Prove one after the other of several statements. *)
Tactic Notation "all" := repeat match goal with |- _ /\ _ => split end.

Theorem eq_shift : Statement.eq_shift.
Proof.
move=> n z i c.
have e : \sum_k exp (z k + c) = exp c * (\sum_k exp (z k)).
  by rewrite -sum_scale; apply: eq_bigr => k _; rewrite exp_plus Rmult_comm.
have ? := S_gt0 z i; have ? := exp_pos c.
all; try positive i; rewrite /Statement.shifted ?e //.
- by apply: Rmult_integral_contrapositive; split; positive i.
- by rewrite exp_plus (Rmult_comm (exp (z i))).
by field; lra.
Qed.

Theorem eq_ratio : Statement.eq_ratio.
Proof.
move=> n z i j; have ? := S_gt0 z i; have ? := exp_pos (z j).
all; try positive i; first by rewrite /softmax; field; lra.
by rewrite /Rminus exp_plus exp_Ropp.
Qed.

Theorem eq_log_softmax : Statement.eq_log_softmax.
Proof.
move=> n z i; all; try positive i; rewrite //.
by rewrite -[_ / _]/(softmax z i) ln_softmax.
Qed.

Lemma count_n n : Statement.count n = INR n.
Proof. by rewrite /Statement.count sum_equal; ring. Qed.

Lemma count_ne n (i : 'I_n) : Statement.count n <> 0.
Proof. by rewrite count_n; apply/not_0_INR/eqP; rewrite -lt0n; apply: class_some i. Qed.

Theorem def_softmax : Statement.def_softmax.
Proof. by move=> n z i; all => //; positive i. Qed.

Lemma at_least_two n : 2 <= Statement.count n -> (2 <= n)%N.
Proof. by rewrite count_n => n2; apply/leP/INR_le. Qed.

Theorem thm_range : Statement.thm_range.
Proof.
move=> n z i; all; [exact: sum_s z i | exact: softmax_gt0 | |].
  by move=> /at_least_two; apply: softmax_lt1.
by rewrite count_n => n1; apply: softmax_one; apply: INR_eq.
Qed.

Theorem thm_ratio : Statement.thm_ratio.
Proof.
move=> n z i j; all; first positive j.
- by move=> x; lra.
- exact: softmax_ratio.
- exact: exp_ineq1_le.
- apply: filterlim_filter_le_1 is_lim_div_expm1_0 => P [d near]; exists d => x xd x0.
  by apply: near => //; apply: Rgt_not_eq.
exact: is_lim_div_exp_p.
Qed.

Theorem thm_temperature : Statement.thm_temperature.
Proof.
move=> n z A i top; have pos T : 0 < T -> T <> 0 by lra.
have card : i \in A -> INR #|A| <> 0.
  by move=> iA; apply: not_0_INR; apply/eqP; rewrite cards_eq0; apply/set0Pn; exists i.
have ends := @cold n z A (fun k => iff_trans (top k) (iff_refl _)) i.
all => //.
- by move=> *; positive i.
- exact: count_ne i.
- by rewrite count_n /Rdiv Rmult_1_l; apply: hot.
- by move=> iA; move: ends; rewrite iA /Rdiv Rmult_1_l.
by move=> /negbTE iA; move: ends; rewrite iA.
Qed.

Theorem thm_lse : Statement.thm_lse.
Proof.
move=> n z n0; have i := Ordinal n0; have [k zk] := largest_some z i.
rewrite -/(Statement.top z) in zk; set m := Statement.top z in zk *.
have le j : z j <= m by apply: largest_ge.
have S0 := S_gt0 z i; have n_pos : 0 < Statement.count n by rewrite count_n; apply/lt_0_INR/ltP.
have bounds : m <= LSE z <= m + ln (Statement.count n).
  by rewrite count_n; apply: LSE_bounds; split=> //; exists k.
rewrite -[Statement.LSE]/LSE; all => //; try by case: bounds.
- move=> /at_least_two n2; rewrite zk -{1}[z k]ln_exp; apply: ln_increasing; first exact: exp_pos.
  have [j jk] : exists j, j != k.
    case: (pickP (predC1 k)) => [j ?|none]; first by exists j.
    have: (1 < #|'I_n|)%N by rewrite card_ord.
    by rewrite (cardD1 k) eq_card0 // => j; rewrite !inE andbT; apply: none.
  have pos l : 0 <= exp (z l) by apply/Rlt_le/exp_pos.
  by have := sum_two pos jk; have := exp_pos (z j); lra.
split; last first.
- move=> same; rewrite /LSE (eq_bigr (fun=> exp m)) => [|j _]; last by rewrite zk (same j k).
  by rewrite sum_equal -count_n ln_mult ?ln_exp; [ring | | exact: exp_pos].
- move=> e j l; suff all_m o : z o = m by rewrite !all_m.
  have gap a : 0 <= exp m - exp (z a) by have := exp_le (le a); lra.
  suff zero : \sum_a (exp m - exp (z a)) = 0.
    by apply: exp_inv; have := sum_eq0 gap zero o; lra.
  by rewrite sum_minus sum_equal -(exp_LSE z i) e exp_plus exp_ln // count_n; ring.
Qed.
