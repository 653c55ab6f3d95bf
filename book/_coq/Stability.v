(* The chapter "Stability": what it needs, and then its statements. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Statements Softmax SoftmaxDerivative CrossEntropy CombinedGradient.
Set Implicit Arguments.
Unset Strict Implicit.

(* eq-lse-shift *)
Theorem LSE_shift n (z : 'R^n) c : (0 < n)%N -> LSE z = c + LSE (fun k => z k - c).
Proof.
move=> n0; rewrite {2}/LSE -{1}(ln_exp c) -ln_mult; last exact: (S_gt0 _ (Ordinal n0)).
  rewrite /LSE -sum_scale; congr ln; apply: eq_bigr => k _.
  by rewrite -exp_plus; congr exp; ring.
exact: exp_pos.
Qed.

(* Bernoulli's inequality, for logarithms *)
Lemma ln_bernoulli c w : 1 <= c -> 0 <= w -> ln (1 + c * w) <= c * ln (1 + w).
Proof.
move=> c1 w0; have cw : 0 <= c * w by apply: Rmult_le_pos; lra.
have tangent x : 0 < x -> ln x - ln (1 + w) <= x / (1 + w) - 1.
  by move=> x0; rewrite -ln_div; [apply: ln_le_sub; apply: Rdiv_lt_0_compat; lra | lra | lra].
have far := tangent (1 + c * w) ltac:(lra); have near := tangent 1 ltac:(lra).
have mix : (1 + c * w) / (1 + w) + (c - 1) * (1 / (1 + w)) = c by field; lra.
move: near; rewrite ln_1 => near; have := Rmult_le_compat_l (c - 1) _ _ ltac:(lra) near; lra.
Qed.

(* The surprise: ln of 1 and the odds of the others. *)
Lemma surprise_odds n (z : 'R^n) i :
  - ln (softmax z i) = ln (1 + \sum_(k | k != i) exp (z k - z i)).
Proof.
rewrite -ln_Rinv; last exact: softmax_gt0.
have -> : 1 + \sum_(k | k != i) exp (z k - z i) = \sum_k exp (z k - z i).
  by rewrite (sum_one i) Rminus_eq_0 exp_0.
congr ln.
rewrite (eq_bigr (fun k => exp (z k) * exp (- z i))) => [|k _]; last exact: exp_plus.
rewrite sum_scaler exp_Ropp /softmax; have := S_gt0 z i; have := exp_pos (z i) => *; field; lra.
Qed.

Section Moved.
Variables (n : nat) (z z' : 'R^n) (eps : R).
Hypothesis near : forall i, Rabs (z' i - z i) <= eps.
Notation s := (softmax z).
Notation s' := (softmax z').

Lemma up i : z' i <= z i + eps.
Proof. by have := Rabs_le_between (z' i - z i) eps; have := near i; lra. Qed.

Lemma down i : z i - eps <= z' i.
Proof. by have := Rabs_le_between (z' i - z i) eps; have := near i; lra. Qed.

Lemma S_up : \sum_k exp (z' k) <= exp eps * (\sum_k exp (z k)).
Proof.
rewrite -sum_scale; apply: sum_le => k _; rewrite -exp_plus; apply: exp_le.
by have := up k; lra.
Qed.

Lemma S_down : exp (- eps) * (\sum_k exp (z k)) <= \sum_k exp (z' k).
Proof.
rewrite -sum_scale; apply: sum_le => k _; rewrite -exp_plus; apply: exp_le.
by have := down k; lra.
Qed.

(* B15, thm-lipschitz *)
Theorem LSE_lipschitz : (0 < n)%N -> Rabs (LSE z' - LSE z) <= eps.
Proof.
move=> n0; have i := Ordinal n0; have S0 := S_gt0 z i; have S1 := S_gt0 z' i.
apply/Rabs_le_between; have e0 := exp_pos eps; have e1 := exp_pos (- eps).
have : LSE z' <= eps + LSE z.
  by rewrite -{1}(ln_exp eps) -ln_mult //; apply: ln_le S1 S_up.
have : - eps + LSE z <= LSE z'.
  by rewrite -{1}(ln_exp (- eps)) -ln_mult //; apply: ln_le S_down; apply: Rmult_lt_0_compat.
lra.
Qed.

(* B16, thm-conditioning *)
Theorem ln_softmax_near i : Rabs (ln (s' i) - ln (s i)) <= 2 * eps.
Proof.
have n0 : (0 < n)%N by apply: leq_ltn_trans (ltn_ord i).
rewrite !ln_softmax; apply/Rabs_le_between.
by have /Rabs_le_between := LSE_lipschitz n0; have /Rabs_le_between := near i; lra.
Qed.

Theorem softmax_near i : exp (- (2 * eps)) * s i <= s' i <= exp (2 * eps) * s i.
Proof.
have <- := exp_ln _ (softmax_gt0 z i); have <- := exp_ln _ (softmax_gt0 z' i).
by rewrite -!exp_plus; have /Rabs_le_between := ln_softmax_near i; split; apply: exp_le; lra.
Qed.

Theorem loss_near k : Rabs (- ln (s' k) - - ln (s k)) <= 2 * eps.
Proof. by have /Rabs_le_between := ln_softmax_near k; split_Rabs; lra. Qed.

Theorem gradient_near k j :
  let g := Rabs (s j - delta j k) in
  let g' := Rabs (s' j - delta j k) in
  exp (- (2 * eps)) * g <= g' <= exp (2 * eps) * g.
Proof.
rewrite /delta; case: eqP => [->|_] /=; last first.
  rewrite !Rminus_0_r !Rabs_right; try by apply/Rle_ge/Rlt_le/softmax_gt0.
  exact: softmax_near.
have gap (w : 'R^n) : Rabs (softmax w k - 1) = \sum_(i | i != k) softmax w i.
  by rewrite -[X in _ - X](sum_s w k) (sum_one k) Rabs_left1;
    [ring | have : 0 <= \sum_(i | i != k) softmax w i; last lra];
    apply: sum_ge0 => i _; apply/Rlt_le/softmax_gt0.
rewrite !gap !big_distrr /=; split; apply: sum_le => i _; by case: (softmax_near i).
Qed.

Lemma surprise_up i : - ln (s' i) <= exp (2 * eps) * - ln (s i).
Proof.
have eps0 : 0 <= eps by apply: Rle_trans (Rabs_pos _) (near i).
have c1 : 1 <= exp (2 * eps) by have := exp_ineq1_le (2 * eps); lra.
set w := \sum_(k | k != i) exp (z k - z i).
have w0 : 0 <= w by apply: sum_ge0 => k _; apply/Rlt_le/exp_pos.
rewrite !surprise_odds; apply: Rle_trans (ln_bernoulli c1 w0).
have w'0 : 0 <= \sum_(k | k != i) exp (z' k - z' i) by apply: sum_ge0 => k _; apply/Rlt_le/exp_pos.
apply: ln_le; first by lra.
apply: Rplus_le_compat_l; rewrite /w big_distrr /=; apply: sum_le => k _.
by rewrite -exp_plus; apply: exp_le; have := up k; have := down i; lra.
Qed.

End Moved.

Theorem surprise_near n (z z' : 'R^n) eps i : (forall k, Rabs (z' k - z k) <= eps) ->
  exp (- (2 * eps)) * - ln (softmax z i) <= - ln (softmax z' i)
    <= exp (2 * eps) * - ln (softmax z i).
Proof.
move=> near; split; last exact: surprise_up.
have back k : Rabs (z k - z' k) <= eps by rewrite Rabs_minus_sym.
have := surprise_up back i; rewrite exp_Ropp => le.
have e := exp_pos (2 * eps); apply: (Rmult_le_reg_l (exp (2 * eps))) => //.
by rewrite -Rmult_assoc Rinv_r ?Rmult_1_l //; apply: Rgt_not_eq.
Qed.

(* What the chapter says *)

Theorem eq_lse_shift : Statement.eq_lse_shift.
Proof.
move=> n z c n0; have i := Ordinal n0.
have step : ln (\sum_k exp c * exp (z k - c)) = c + ln (\sum_k exp (z k - c)).
  by rewrite sum_scale ln_mult ?ln_exp //; positive i.
all; try positive i; rewrite ?step //; last exact: LSE_shift.
by rewrite sum_scale; apply: Rmult_lt_0_compat; positive i.
Qed.

Theorem eq_odds : Statement.eq_odds.
Proof.
move=> n z i; all; try positive i; first by [].
rewrite (eq_bigr (fun j => exp (- z i) * exp (z j))) => [|j _].
  rewrite sum_scale exp_Ropp /Statement.S_; have := exp_pos (z i); have := S_gt0 z i => *.
  by field; lra.
by rewrite -exp_plus; congr exp; ring.
Qed.

Theorem thm_lipschitz : Statement.thm_lipschitz.
Proof.
move=> n v z eps n0 near; have i := Ordinal n0; all; try positive i.
apply: (@LSE_lipschitz n z (fun i => z i + v i)) => // k.
by rewrite (_ : z k + v k - z k = v k) //; ring.
Qed.

Theorem thm_conditioning : Statement.thm_conditioning.
Proof.
move=> n v z i j k eps near; set z' := fun i => z i + v i.
have gap l : Rabs (z' l - z l) <= eps by rewrite (_ : z' l - z l = v l) /z' //; ring.
have small (w : 'R^n) l : Rabs (ln (softmax w l)) = - ln (softmax w l).
  apply: Rabs_left1; rewrite -ln_1; apply: ln_le (softmax_le1 w l); exact: softmax_gt0.
rewrite -[Statement.s_moved v z]/(softmax z') !small.
have bounds o := surprise_near o gap; have grad := gradient_near gap k j.
all; try positive i; try (by case: (softmax_near gap i)); try (by case: grad);
  try (by case: (bounds i)); by case: (bounds k).
Qed.
