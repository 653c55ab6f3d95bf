(* Softmax, its loss and its gradient, as `cecore` computes them in 64 bits: exponentials with what
   the shift has lost, sums on a grid, log1p of the others, and minus the sum of the others. *)
From Coq Require Import Reals Lra Lia ZArith.
From Flocq Require Import Core Relative Pff2Flocq.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Stability Floats Binary64 GridSum.
Set Implicit Arguments.
Unset Strict Implicit.

Lemma exp_minus_INR m : exp (- INR m) = (/ exp 1) ^ m.
Proof.
elim: m => [|m IH]; first by rewrite Ropp_0 exp_0.
by rewrite S_INR Ropp_plus_distr exp_plus IH exp_Ropp /=; ring.
Qed.

Lemma exp_650 : / 2 ^ 970 <= exp (-650).
Proof.
have e1 : exp 1 <= (20 / 19) ^ 20.
  have -> : exp 1 = (/ exp (- / 20)) ^ 20.
    have -> : / exp (- / 20) = exp (/ 20) by rewrite -exp_Ropp Ropp_involutive.
    rewrite -Rpower_pow ?/Rpower ?ln_exp; last exact: exp_pos.
    by congr exp; rewrite /=; lra.
  apply: pow_incr; split; first exact/Rlt_le/Rinv_0_lt_compat/exp_pos.
  have -> : 20 / 19 = / (1 - / 20) by lra.
  by apply: Rinv_le_contravar; [lra | have := exp_ineq1_le (- / 20); lra].
have -> : -650 = - INR 650 by rewrite INR_IZR_INZ.
rewrite exp_minus_INR; apply: (Rle_trans _ ((/ (20 / 19) ^ 20) ^ 650)).
  have -> : / (20 / 19) ^ 20 = 19 ^ 20 / 20 ^ 20 by field.
  rewrite /Rdiv Rpow_mult_distr pow_inv -!pow_mult !pow_IZR; apply/Rle_div_r.
    by apply: IZR_lt; vm_compute.
  rewrite Rmult_comm; apply/Rle_div_l; first by apply: IZR_lt; vm_compute.
  by rewrite -mult_IZR; apply: IZR_le; vm_compute.
apply: pow_incr; split; first by apply/Rlt_le/Rinv_0_lt_compat/pow_lt; lra.
by apply: Rinv_le_contravar => //; exact: exp_pos.
Qed.

Lemma exp_low x : x <= -650 -> exp x <= / 2 ^ 600.
Proof.
move=> /exp_le le; apply: Rle_trans le _.
have -> : -650 = - INR 650 by rewrite INR_IZR_INZ.
rewrite exp_minus_INR; apply: (Rle_trans _ ((/ 2) ^ 650)).
  apply: pow_incr; split; first exact/Rlt_le/Rinv_0_lt_compat/exp_pos.
  by apply: Rinv_le_contravar; [lra | have := exp_ineq1_le 1; lra].
rewrite pow_inv; apply: Rinv_le_contravar; first by apply: pow_lt; lra.
by apply: Rle_pow; [lra | apply/leP].
Qed.

Lemma exp_300 x : -300 <= x -> / 2 ^ 480 <= exp x.
Proof.
move=> /exp_le le; apply: Rle_trans le.
have -> : -300 = - INR 300 by rewrite INR_IZR_INZ.
rewrite exp_minus_INR; apply: (Rle_trans _ ((/ 3) ^ 300)).
  rewrite pow_inv; apply: Rinv_le_contravar; first by apply: pow_lt; lra.
  by rewrite !pow_IZR; apply: IZR_le; vm_compute.
apply: pow_incr; split; first by lra.
by apply: Rinv_le_contravar; [exact: exp_pos | exact: exp_le_3].
Qed.

(* What a subtraction loses, as five more operations find it: Knuth's two_sum. *)
Section Power.
Variables (exp_f : R -> R) (z c : R).
Definition difference := rnd64 (z - c).
Definition back := rnd64 (difference - z).
Definition lost := rnd64 (rnd64 (z - rnd64 (difference - back)) - rnd64 (c + back)).
(* `exp_minus`: e^(z - c), with what was lost. *)
Definition power := rnd64 (exp_f difference + rnd64 (exp_f difference * lost)).

Hypothesis z_float : float64 z.
Hypothesis c_float : float64 c.

Lemma nothing_lost : difference + lost = z - c.
Proof.
have sym x : negb (Z.even x) = negb (negb (Z.even (- (x + 1)))).
  by rewrite Z.even_opp Z.even_add /=; case: Z.even.
have := TwoSum_correct (-1074) 53 (fun x => negb (Z.even x)) erefl ltac:(lia) sym z (- c)
  z_float (float64_opp c_float).
rewrite -/(Rminus z c) -!/(rnd64 _) -/difference -/back => <-; congr (_ + _).
have -> : - c - back = - (c + back) by ring.
by have -> x : rnd64 (- x) = - rnd64 x by exact: round_NE_opp.
Qed.

Lemma lost_small : Rabs lost <= u64 * Rabs (z - c).
Proof.
have -> : lost = - (difference - (z - c)) by rewrite -nothing_lost; ring.
by rewrite Rabs_Ropp; apply: plus64 (float64_opp c_float).
Qed.

Variable a : R.
Hypothesis a_range : 0 <= a <= 100.
Hypothesis exp_float : forall x, float64 (exp_f x).

Lemma power_near : -650 <= difference <= 650 ->
  Rabs (exp_f difference - exp difference) <= a * u64 * exp difference ->
  Rabs (power - exp (z - c)) <= (a + 1.01) * u64 * exp (z - c).
Proof.
move=> [d1 d2]; rewrite -nothing_lost exp_plus /power.
set d := difference in d1 d2 *; set l := lost; set e := exp_f d; set T := exp d => near.
have u0 := u64_pos; have u1 := u64_le; have T0 : 0 < T by exact: exp_pos.
have l_small : Rabs l <= 700 * u64.
  have := lost_small; rewrite -nothing_lost -/d -/l.
  have := Rabs_triang d l; have : Rabs d <= 650 by apply/Rabs_le_between; lra.
  by have := Rabs_pos l; nra.
have /Rabs_le_between l_range : Rabs l <= / 10 ^ 13 by lra.
have l2 : l * l <= 490000 * (u64 * u64).
  have -> : l * l = Rabs l * Rabs l by rewrite -Rabs_mult Rabs_pos_eq //; nra.
  have -> : 490000 * (u64 * u64) = 700 * u64 * (700 * u64) by ring.
  by apply: Rmult_le_compat => //; exact: Rabs_pos.
have low := exp_ineq1_le l.
have high : exp l <= 1 + l + 2 * (l * l).
  have inv : exp l = / exp (- l) by rewrite exp_Ropp Rinv_inv.
  have neg := exp_ineq1_le (- l).
  apply: (Rle_trans _ (/ (1 - l))); first by rewrite inv; apply: Rinv_le_contravar; lra.
  by apply: (Rmult_le_reg_r (1 - l)); [lra | rewrite Rinv_l; nra].
(* The product: its error is relative, but for what is tiny. *)
have [eps [eta [eps_small [eta_small [_ E]]]]] :=
  error_N_FLT radix2 (-1074) 53 erefl (fun x => negb (Z.even x)) (e * l).
rewrite -/(rnd64 (e * l)) in E; set q := rnd64 (e * l) in E *.
set w := u64 * T; have w0 : 0 < w by apply: Rmult_lt_0_compat.
have uw : u64 * w <= / 9000000000000000 * w by apply: Rmult_le_compat_r; lra.
have aw : 0 <= a * w <= 100 * w by split; [apply: Rmult_le_pos | apply: Rmult_le_compat_r]; lra.
have {}near : Rabs (e - T) <= a * w by rewrite /w -Rmult_assoc.
have e_range : Rabs e <= 2 * T.
  have -> : e = (e - T) + T by ring.
  have := Rabs_triang (e - T) T; rewrite (Rabs_pos_eq T); last by lra.
  have : w <= / 1000 * T by apply: Rmult_le_compat_r; lra.
  lra.
have el : Rabs (e * l) <= 1400 * w.
  rewrite Rabs_mult; have -> : 1400 * w = 2 * T * (700 * u64) by rewrite /w; ring.
  by apply: Rmult_le_compat => //; exact: Rabs_pos.
have tiny : Rabs eta <= / 1000 * w.
  apply: Rle_trans eta_small _; apply: (Rle_trans _ (/ 1000 * (u64 * / 2 ^ 970))).
    have -> : bpow radix2 (-1074) = / IZR (2 ^ 1074) by [].
    rewrite /u64 pow_IZR -!Rinv_mult -!mult_IZR; apply: Rinv_le_contravar.
      by apply: IZR_lt; vm_compute.
    by apply: IZR_le; vm_compute.
  apply: Rmult_le_compat_l; first lra; apply: Rmult_le_compat_l; first lra.
  by apply: Rle_trans exp_650 _; apply: exp_le.
have q_near : Rabs (q - e * l) <= / 500 * w.
  have -> : q - e * l = e * l * eps + eta by rewrite E; ring.
  have := Rabs_triang (e * l * eps) eta; rewrite (Rabs_mult (e * l)).
  have : Rabs (e * l) * Rabs eps <= 1400 * w * u64.
    apply: Rmult_le_compat => //; try exact: Rabs_pos.
    by apply: Rle_trans eps_small _; rewrite /u64 /= -Rinv_mult -mult_IZR /=; lra.
  lra.
set X := T * exp l.
have Tl : Rabs (T * (1 + l - exp l)) <= / 1000 * w.
  rewrite Rabs_mult (Rabs_pos_eq T); last by lra.
  have : Rabs (1 + l - exp l) <= 2 * (l * l) by apply/Rabs_le_between; lra.
  move=> /(Rmult_le_compat_l T _ _ ltac:(lra)).
  have := Rmult_le_compat_l T _ _ ltac:(lra) l2.
  by rewrite /w in w0 uw *; lra.
have al : Rabs ((e - T) * (1 + l)) <= (1 + / 10 ^ 13) * (a * w).
  rewrite Rabs_mult Rmult_comm; apply: Rmult_le_compat => //; try exact: Rabs_pos.
  by apply/Rabs_le_between; lra.
have sum_near : Rabs (e + q - X) <= (1 + / 10 ^ 13) * (a * w) + / 250 * w.
  have -> : e + q - X = ((e - T) * (1 + l) + T * (1 + l - exp l)) + (q - e * l) by rewrite /X; ring.
  have := Rabs_triang ((e - T) * (1 + l) + T * (1 + l - exp l)) (q - e * l).
  by have := Rabs_triang ((e - T) * (1 + l)) (T * (1 + l - exp l)); lra.
have XT : (1 - / 10 ^ 13) * T <= X by rewrite Rmult_comm; apply: Rmult_le_compat_l; lra.
have := plus64 (exp_float d) (rnd64_float (e * l)); rewrite -/e -/q.
have size : Rabs (e + q) <= X + ((1 + / 10 ^ 13) * (a * w) + / 250 * w).
  have -> : e + q = X + (e + q - X) by ring.
  by have := Rabs_triang X (e + q - X); rewrite (Rabs_pos_eq X); lra.
move=> /Rle_trans /(_ (Rmult_le_compat_l _ _ _ (Rlt_le _ _ u0) size)) last.
have -> : rnd64 (e + q) - X = (rnd64 (e + q) - (e + q)) + (e + q - X) by ring.
have := Rabs_triang (rnd64 (e + q) - (e + q)) (e + q - X).
have wX : w <= (1 + / 10 ^ 12) * (u64 * X).
  have := Rmult_le_compat_l _ _ _ (Rlt_le _ _ u0) XT; rewrite -Rmult_assoc (Rmult_comm u64) Rmult_assoc -/w.
  lra.
have awX := Rmult_le_compat_l a _ _ (proj1 a_range) wX.
have uaw := Rmult_le_compat_l a _ _ (proj1 a_range) uw.
have aX : 0 <= a * (u64 * X) <= 100 * (u64 * X).
  by split; [apply: Rmult_le_pos | apply: Rmult_le_compat_r]; try lra; apply: Rmult_le_pos; nra.
lra.
Qed.

End Power.
