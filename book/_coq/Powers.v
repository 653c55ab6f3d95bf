(* The exponentials of `cecore` in 64 bits: without a shift if the logits are of moderate size, and
   else with what the shift has lost. *)
From Coq Require Import Reals Lra Lia ZArith.
From Flocq Require Import Core Relative Pff2Flocq.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Floats Binary64 GridSum.
Set Implicit Arguments.
Unset Strict Implicit.

Lemma exp_minus_INR m : exp (- INR m) = (/ exp 1) ^ m.
Proof.
elim: m => [|m IH]; first by rewrite Ropp_0 exp_0.
by rewrite S_INR Ropp_plus_distr exp_plus IH exp_Ropp /=; ring.
Qed.

Lemma exp_650 : / 2 ^ 970 <= exp (-650).
Proof.
have e1 : 179 / 500 <= / exp 1.
  rewrite -exp_Ropp; have -> : exp (- (1)) = exp (- / 20) ^ 20.
    by rewrite -Rpower_pow ?/Rpower ?ln_exp; [congr exp; rewrite /=; lra | exact: exp_pos].
  apply: (Rle_trans _ ((19 / 20) ^ 20)); first by lra.
  by apply: pow_incr; have := exp_ineq1_le (- / 20); lra.
have -> : -650 = - INR 650 by rewrite INR_IZR_INZ.
rewrite exp_minus_INR; apply: (Rle_trans _ ((179 / 500) ^ 650)); last by apply: pow_incr; lra.
rewrite /Rdiv Rpow_mult_distr pow_inv !pow_IZR; apply/Rle_div_r.
  by apply: IZR_lt; vm_compute.
rewrite Rmult_comm; apply/Rle_div_l; first by apply: IZR_lt; vm_compute.
by rewrite -mult_IZR; apply: IZR_le; vm_compute.
Qed.

Lemma exp_low x : x <= -640 -> exp x <= / 2 ^ 600.
Proof.
move=> /exp_le le; apply: Rle_trans le _.
have -> : -640 = - INR 640 by rewrite INR_IZR_INZ.
rewrite exp_minus_INR; apply: (Rle_trans _ ((/ 2) ^ 640)).
  apply: pow_incr; split; first exact/Rlt_le/Rinv_0_lt_compat/exp_pos.
  by apply: Rinv_le_contravar; [lra | have := exp_ineq1_le 1; lra].
rewrite pow_inv; apply: Rinv_le_contravar; first by apply: pow_lt; lra.
by apply: Rle_pow; [lra | apply/leP].
Qed.

Lemma pow_600 : 0 < / 2 ^ 600 <= / 1000 * / 2 ^ 590.
Proof.
split; first by apply/Rinv_0_lt_compat/pow_lt; lra.
rewrite !pow_IZR -Rinv_mult -mult_IZR; apply: Rinv_le_contravar.
  by apply: IZR_lt; vm_compute.
by apply: IZR_le; vm_compute.
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

(* An exponential of which little is assumed: a relative error of a units of 2^-53 where its values
   are not tiny, and nothing large where they are. *)
Record exponential (a : R) (exp_f : R -> R) : Prop := Exponential {
  exp_float : forall x, float64 (exp_f x);
  exp_near : forall x, -650 <= x <= 650 -> Rabs (exp_f x - exp x) <= a * u64 * exp x;
  exp_far : forall x, x < -650 -> 0 <= exp_f x <= / 2 ^ 600;
  exp_none : forall x, x < -800 -> exp_f x = 0
}.

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
Hypothesis good_exp : exponential a exp_f.

Lemma power_near : -650 <= difference <= 650 ->
  Rabs (power - exp (z - c)) <= (a + 1.01) * u64 * exp (z - c).
Proof.
move=> [d1 d2]; have := exp_near good_exp (conj d1 d2).
rewrite -nothing_lost exp_plus /power.
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
have := plus64 (exp_float good_exp d) (rnd64_float (e * l)); rewrite -/e -/q.
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

Lemma power_far : difference < -650 -> 0 <= power <= / 2 ^ 590.
Proof.
move=> far; have [e0 e1] := exp_far good_exp far; rewrite /power.
have [none|some] := Rlt_or_le difference (-800).
  have zero : rnd64 0 = 0 by apply/rnd64_exact/float64_0.
  rewrite (exp_none good_exp none) Rmult_0_l zero Rplus_0_l zero.
  by split; [lra | apply/Rlt_le/Rinv_0_lt_compat/pow_lt; lra].
have e_float := exp_float good_exp difference; set e := exp_f _ in e0 e1 e_float *.
have l1 : Rabs lost <= 1.
  have := lost_small; rewrite -nothing_lost.
  have := Rabs_triang difference lost; have : Rabs difference <= 800 by apply/Rabs_le_between; lra.
  by have := u64_le; have := u64_pos; have := Rabs_pos lost; nra.
have /Rabs_le_between [l_low l_high] := l1.
have q_low : - e <= rnd64 (e * lost).
  by apply: round_ge_generic; [exact: float64_opp | nra].
have q_high : rnd64 (e * lost) <= e by apply: round_le_generic; [exact: e_float | nra].
split.
  by apply: round_ge_generic; [exact: float64_0 | lra].
apply: (Rle_trans _ (2 * e)); first by apply: round_le_generic; [exact: float64_double | lra].
have := pow_600; lra.
Qed.

End Power.

(* A row of powers e^(z - c) as they are computed *)
Record powers (a c : R) n (z e : 'R^n) : Prop := Powers {
  e_float : forall k, float64 (e k);
  e_ge0 : forall k, 0 <= e k;
  e_near : forall k, -640 <= z k - c -> Rabs (e k - exp (z k - c)) <= a * u64 * exp (z k - c);
  e_far : forall k, z k - c < -640 -> e k <= / 2 ^ 590
}.

Section Exponentials.
Variables (a c : R) (exp_f : R -> R) (n : nat) (z : 'R^n).
Hypothesis a_range : 0 <= a <= 100.
Hypothesis good_exp : exponential a exp_f.

(* Logits of moderate size are not shifted. *)
Theorem direct : (forall k, -640 <= z k <= 640) -> powers a 0 z (fun k => exp_f (z k)).
Proof.
have near k : -640 <= z k <= 640 -> Rabs (exp_f (z k) - exp (z k - 0)) <= a * u64 * exp (z k - 0).
  by move=> range; rewrite Rminus_0_r; apply: (exp_near good_exp); lra.
move=> range; split=> k; first exact: exp_float good_exp _.
- have /Rabs_le_between := near k (range k); have := exp_pos (z k - 0); have := u64_le.
  have : a * u64 <= 100 * u64 by apply: Rmult_le_compat_r; have := u64_pos; lra.
  by nra.
- by move=> _; apply: near.
by have := range k; lra.
Qed.

(* All others are, by any number that is not too far below the largest. *)
Theorem shifted : (forall k, float64 (z k)) -> float64 c -> (forall k, z k - c <= 640) ->
  powers (a + 1.01) c z (fun k => power exp_f (z k) c).
Proof.
move=> zf cf high; have u0 := u64_pos; have u1 := u64_le.
have d_near k : Rabs (difference (z k) c - (z k - c)) <= u64 * Rabs (z k - c).
  exact: plus64 (float64_opp cf).
have d_high k : difference (z k) c <= 650.
  have /Rabs_le_between [_ upper] := d_near k; have le := high k.
  have [neg|pos] := Rle_or_lt (z k - c) 0; first by rewrite Rabs_left1 in upper; nra.
  by rewrite Rabs_pos_eq in upper; nra.
have d_low k : -640 <= z k - c -> -650 <= difference (z k) c.
  move=> low; have /Rabs_le_between [lower _] := d_near k.
  have size : Rabs (z k - c) <= 640 by apply/Rabs_le_between; have := high k; lra.
  have := Rmult_le_compat _ _ _ _ (Rlt_le _ _ u0) (Rabs_pos (z k - c)) u1 size; lra.
have near k : -650 <= difference (z k) c ->
    Rabs (power exp_f (z k) c - exp (z k - c)) <= (a + 1.01) * u64 * exp (z k - c).
  by move=> low; apply: power_near.
have any k : 0 <= power exp_f (z k) c /\ (z k - c < -640 -> power exp_f (z k) c <= / 2 ^ 590).
  have E0 := exp_pos (z k - c).
  have au : (a + 1.01) * u64 <= / 1000 by have := Rmult_le_compat_r u64 (a + 1.01) 102; lra.
  have [far|low] := Rlt_or_le (difference (z k) c) (-650).
    by have := power_far (zf k) cf good_exp far; split; lra.
  have := near k low.
  have : (a + 1.01) * u64 * exp (z k - c) <= / 1000 * exp (z k - c).
    by apply: Rmult_le_compat_r; lra.
  move=> le /Rabs_le_between; split=> [|/Rlt_le/exp_low]; first by lra.
  by have := pow_600; lra.
split=> k; first exact: rnd64_float.
- exact: (proj1 (any k)).
- by move=> /d_low; apply: near.
exact: (proj2 (any k)).
Qed.

End Exponentials.
