(* Softmax, its loss and its gradient, as `cecore` computes them in 64 bits: sums on a grid, log1p
   of the others, and minus the sum of the others. *)
From Coq Require Import Reals Lra Lia ZArith.
From Flocq Require Import Core.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Stability Floats Binary64 GridSum Powers.
Set Implicit Arguments.
Unset Strict Implicit.

(* x is y, with a relative error of b units of 2^-53 at most. *)
Definition off_by (b x y : R) := Rabs (x - y) <= b * u64 * y.

Lemma off_by_le b d x y : 0 <= y -> b <= d -> off_by b x y -> off_by d x y.
Proof.
move=> y0 bd near; apply: Rle_trans near _; apply: Rmult_le_compat_r => //.
by apply: Rmult_le_compat_r => //; exact/Rlt_le/u64_pos.
Qed.

Lemma off_by_trans b d x y w : 0 <= b <= 1000 -> 0 <= d <= 1000 -> 0 <= w ->
  off_by b x y -> off_by d y w -> off_by (b + d + 0.01) x w.
Proof.
rewrite /off_by => b_range d_range w0 xy yw; have u0 := u64_pos; have u1 := u64_le.
have uw : 0 <= u64 * w by apply: Rmult_le_pos; lra.
have y_le : y <= w + / 1000000 * w.
  have := yw => /Rabs_le_between [_]; have : d * u64 <= 1000 * / 9000000000000000.
    by apply: Rmult_le_compat; lra.
  by move=> /(Rmult_le_compat_r w _ _ w0); lra.
have -> : x - w = (x - y) + (y - w) by ring.
have bu : 0 <= b * u64 <= 1000 * u64 by split; [apply: Rmult_le_pos | apply: Rmult_le_compat_r]; lra.
have := Rmult_le_compat_l _ _ _ (proj1 bu) y_le.
have := Rmult_le_compat_r w _ _ w0 (proj2 bu).
by have := Rabs_triang (x - y) (y - w); lra.
Qed.

Lemma off_by_within b x y : 0 <= b <= 3000 -> 0 <= y -> off_by b x y -> within (b * u64) x y.
Proof.
move=> b_range y0; apply: within_relative => //; have := u64_pos; have := u64_le.
by have := Rmult_le_compat_r u64 b 3000; have := Rmult_le_pos b u64; lra.
Qed.

Lemma within_off_by b x y : 0 <= b <= 3000 -> 0 <= x -> 0 <= y -> within (b * u64) x y ->
  off_by (b + 0.01) x y.
Proof.
move=> b_range x0 y0 near; have u0 := u64_pos; have u1 := u64_le.
have bu : 0 <= b * u64 <= 3000 * u64.
  by split; [apply: Rmult_le_pos | apply: Rmult_le_compat_r]; lra.
apply: Rle_trans (within_error _ x0 y0 near) _; first by lra.
apply: Rmult_le_compat_r => //; apply/Rle_div_l; first by lra.
have := Rmult_le_compat _ _ _ _ (proj1 bu) (proj1 bu) (proj2 bu) (proj2 bu).
have := Rmult_le_compat_l _ _ _ (Rlt_le _ _ u0) (proj2 bu).
have := Rmult_le_compat_l _ _ _ (Rlt_le _ _ u0) u1; lra.
Qed.

(* A quotient of two computed numbers, which is rounded as well *)
Lemma quotient_off b d x y v w : 0 <= b <= 1000 -> 0 <= d <= 1000 -> 0 < v -> 0 < w ->
  off_by b x v -> off_by d y w -> tiny64 <= x / y ->
  off_by (b + d + 1.01) (rnd64 (x / y)) (v / w).
Proof.
move=> b_range d_range v0 w0 xv yw normal; have u0 := u64_pos; have u1 := u64_le.
have bu : 0 <= b * u64 <= 1 / 1000.
  have := Rmult_le_compat_r u64 b 1000; have := Rmult_le_pos b u64; lra.
have du : 0 <= d * u64 <= 1 / 1000.
  have := Rmult_le_compat_r u64 d 1000; have := Rmult_le_pos d u64; lra.
have x0 : 0 < x.
  move: xv => /Rabs_le_between [lower _].
  by have := Rmult_le_compat_r v _ _ (Rlt_le _ _ v0) (proj2 bu); lra.
have y0 : 0 < y.
  move: yw => /Rabs_le_between [lower _].
  by have := Rmult_le_compat_r w _ _ (Rlt_le _ _ w0) (proj2 du); lra.
have vw : 0 < v / w by apply: Rdiv_lt_0_compat.
have tiny0 : 0 < tiny64 by exact: bpow_gt_0.
have half := rnd_ge u64_small tiny0 rnd64_model normal.
have -> : b + d + 1.01 = (1 + (b + d)) + 0.01 by lra.
apply: within_off_by; try lra.
have -> : (1 + (b + d)) * u64 = u64 + (b * u64 + d * u64) by ring.
apply: (within_trans (y := x / y)); try lra.
  exact: (rnd_within u64_small tiny0 rnd64_model).
have inv_y := Rinv_0_lt_compat _ y0; have inv_w := Rinv_0_lt_compat _ w0.
apply: within_mul; try lra; first by apply: off_by_within => //; lra.
by apply: within_inv => //; apply: off_by_within => //; lra.
Qed.

(* The sums of a row *)
Section Row.
Variables (n : nat) (t t' : order n).

Lemma depth_leaves (o : order n) : (depth o < size (leaves o))%N.
Proof.
elim: o => //= l IHl r IHr; rewrite size_cat.
have l0 := leq_ltn_trans (leq0n _) IHl; have r0 := leq_ltn_trans (leq0n _) IHr.
have [_|_] := leqP (depth l) (depth r).
  by rewrite -(add1n (depth r).+1) leq_add.
by rewrite -(addn1 (depth l).+1) leq_add.
Qed.

(* A grid that fits a row e: coarse enough for all leading parts, fine enough for the rests *)
Definition fits (grid : R) (e : 'R^n) := 
  float64 grid /\ 0 < grid /\ 3 / 2 * (\sum_k e k) <= grid /\
  INR n * (INR n + 2) * grid <= 4 * 10 ^ 12 * (\sum_k e k).

Definition leadings grid (e : 'R^n) := sum_f rnd64 (fun k => leading grid (e k)) t.
Definition rests grid (e : 'R^n) := sum_f rnd64 (fun k => rest grid (e k)) t'.
(* `row_sums`, and the whole sum of `sums_with_own` *)
Definition row_sum grid e := rnd64 (leadings grid e + rests grid e).
Definition whole_sum grid e own :=
  rnd64 (rnd64 (leadings grid e + leading grid own) + rnd64 (rests grid e + rest grid own)).

Hypothesis once : perm_eq (leaves t) (enum 'I_n).
Hypothesis once' : perm_eq (leaves t') (enum 'I_n).

Variables (grid : R) (e : 'R^n).
Hypothesis e_float : forall k, float64 (e k).
Hypothesis e_ge0 : forall k, 0 <= e k.
Hypothesis fit : fits grid e.

Lemma fine_depth : (INR (depth t') + 1) * (INR n + 2) * grid <= 4 * 10 ^ 12 * (\sum_k e k).
Proof.
case: fit => _ [g0 [_ fine]]; apply: Rle_trans fine; apply: Rmult_le_compat_r; first lra.
apply: Rmult_le_compat_r; first by have := pos_INR n; lra.
rewrite -S_INR; apply/le_INR/leP.
by have := depth_leaves t'; rewrite (perm_size once') size_enum_ord.
Qed.

Lemma row_sum_off : off_by 1.01 (row_sum grid e) (\sum_k e k).
Proof. by case: fit => ? [? [? _]]; apply: split_sum => //; exact: fine_depth. Qed.

Lemma whole_sum_off own : float64 own -> 0 <= own ->
  off_by 2.01 (whole_sum grid e own) (\sum_k e k + own).
Proof. by case: fit => ? [? [? _]]; apply: GridSum.whole_sum => //; exact: fine_depth. Qed.

End Row.

(* Twice a plain sum, in any order, is a grid that fits, up to a million classes. *)
Theorem own_grid n (e : 'R^n) (o : order n) : perm_eq (leaves o) (enum 'I_n) ->
  (forall k, float64 (e k)) -> (forall k, 0 <= e k) -> 0 < \sum_k e k -> INR n <= 1000000 ->
  fits (2 * sum_f rnd64 e o) e.
Proof.
move=> once ef e0 S0 n_le; have u0 := u64_pos; have u1 := u64_le; have n0 := pos_INR n.
have d0 := pos_INR (depth o).
have d_le : INR (depth o) <= INR n.
  apply/le_INR/leP/ltnW; have := depth_leaves o; by rewrite (perm_size once) size_enum_ord.
have du : 0 <= INR (depth o) * u64 <= / 1000000.
  split; first by apply: Rmult_le_pos; lra.
  by apply: (Rle_trans _ (1000000 * u64)); [apply: Rmult_le_compat_r; lra | lra].
have := plain_sum (f := e) (t := o) ef ltac:(lra).
have abs : \sum_k Rabs (e k) = \sum_k e k by apply: eq_bigr => k _; rewrite Rabs_pos_eq.
rewrite !(all_leaves _ once) abs.
rewrite /fits; set S := \sum_k e k in S0 *; move=> /Rabs_le_between near.
have := Rmult_le_compat_r S _ _ (Rlt_le _ _ S0) (proj2 du).
move=> small; split; first exact/float64_double/sum_f_float.
split; [lra | split; first lra].
have N : INR n * (INR n + 2) <= 1000000 * 1000002 by apply: Rmult_le_compat; lra.
apply: (Rle_trans _ (1000000 * 1000002 * (2 * sum_f rnd64 e o))); last by lra.
by apply: Rmult_le_compat_r; lra.
Qed.

(* The sum of a row of powers against the exact one: near, if some class is not far below c. *)
Definition counted n (z : 'R^n) c (P : pred 'I_n) :=
  (forall k, P k -> -640 <= z k - c) \/ (exists k, P k /\ -300 <= z k - c).

Section Result.
Variables (a c : R) (n : nat) (z e : 'R^n) (t t' : order n) (grid : R).
Hypothesis a_range : 0 <= a <= 200.
Hypothesis n_le : INR n <= 1000000.
Hypothesis good : powers a c z e.
Hypothesis once : perm_eq (leaves t) (enum 'I_n).
Hypothesis once' : perm_eq (leaves t') (enum 'I_n).
Notation E k := (exp (z k - c)).

Definition only (P : pred 'I_n) (f : 'R^n) : 'R^n := fun k => if P k then f k else 0.

Lemma only_off P : counted z c P ->
  off_by (a + 0.01) (\sum_k only P e k) (\sum_k only P (fun k => E k) k).
Proof.
move=> some; have u0 := u64_pos; have t0 : 0 < / 2 ^ 590 by apply/Rinv_0_lt_compat/pow_lt; lra.
have [s [s0 [each small]]] : exists s, 0 <= s /\
    (forall k, Rabs (only P e k - only P (fun k => E k) k) <= a * u64 * only P (fun k => E k) k + s) /\
    INR n * s <= 0.01 * u64 * (\sum_k only P (fun k => E k) k).
  have ge0 : 0 <= \sum_k only P (fun k => E k) k.
    by apply: sum_ge0 => k _; rewrite /only; case: (P k); [exact/Rlt_le/exp_pos | lra].
  have au0 : 0 <= a * u64 by apply: Rmult_le_pos; lra.
  case: some => [all|[m [Pm near]]].
    exists 0; split; [lra | split]; last first.
      by rewrite Rmult_0_r; apply: Rmult_le_pos => //; lra.
    move=> k; rewrite /only; case: (boolP (P k)) => Pk.
      by rewrite Rplus_0_r; apply: (e_near good); apply: all.
    by rewrite Rminus_eq_0 Rabs_R0; lra.
  exists (/ 2 ^ 590); split; [lra | split].
    move=> k; rewrite /only; case: (P k); last by rewrite Rminus_eq_0 Rabs_R0; lra.
    have [far|close] := Rlt_or_le (z k - c) (-640); last by have := e_near good close; lra.
    have far_e := e_far good far; have low := exp_low (Rlt_le _ _ far); have E0 := exp_pos (z k - c).
    have ek := e_ge0 good k; have pow := pow_600.
    have aE : 0 <= a * u64 * E k by apply: Rmult_le_pos; lra.
    by apply/Rabs_le_between; lra.
  have top : / 2 ^ 480 <= \sum_k only P (fun k => E k) k.
    apply: (Rle_trans _ (only P (fun k => E k) m)); first by rewrite /only Pm; apply: exp_300.
    apply: (@sum_term _ m (only P (fun k => E k))) => k; rewrite /only.
    by case: (P k); [exact/Rlt_le/exp_pos | lra].
  apply: (Rle_trans _ (0.01 * u64 * / 2 ^ 480)); last by apply: Rmult_le_compat_l; lra.
  have tiny : / 2 ^ 590 <= / 10 ^ 30 * / 2 ^ 480.
    rewrite !pow_IZR -Rinv_mult -mult_IZR; apply: Rinv_le_contravar.
      by apply: IZR_lt; vm_compute.
    by apply: IZR_le; vm_compute.
  apply: (Rle_trans _ (1000000 * (/ 10 ^ 30 * / 2 ^ 480))).
    by apply: Rmult_le_compat; try lra; exact: pos_INR.
  have p480 : 0 < / 2 ^ 480 by apply/Rinv_0_lt_compat/pow_lt; lra.
  move: (/ 2 ^ 480) p480 => p p0; rewrite -Rmult_assoc; apply: Rmult_le_compat_r; first lra.
  by rewrite /u64 /=; lra.
rewrite /off_by; apply/Rabs_le_between.
set f := only P e in each *; set g := only P _ in each small *.
have up : \sum_k f k <= \sum_k ((1 + a * u64) * g k + s).
  by apply: sum_le => k _; have /Rabs_le_between := each k; lra.
have down : \sum_k ((1 - a * u64) * g k - s) <= \sum_k f k.
  by apply: sum_le => k _; have /Rabs_le_between := each k; lra.
move: up down; rewrite sum_split sum_minus !sum_scale !sum_equal; lra.
Qed.

Lemma softmaxE i : softmax z i = E i / \sum_k E k.
Proof. exact/esym/(softmax_shift z (- c) i). Qed.

Lemma only_others m (f : 'R^n) : \sum_k only (fun k => k != m) f k = \sum_(k | k != m) f k.
Proof. by rewrite [RHS]big_mkcond. Qed.

Lemma only_float P k : float64 (only P e k).
Proof. by rewrite /only; case: (P k); [exact: e_float good k | exact: float64_0]. Qed.

Lemma only_ge0 P k : 0 <= only P e k.
Proof. by rewrite /only; case: (P k); [exact: e_ge0 good k | lra]. Qed.

Lemma sum_E_gt0 (i : 'I_n) : 0 < \sum_k E k.
Proof. by apply: (sum_gt0 i) => k; apply: exp_pos. Qed.

(* Softmax *)
Theorem softmax64 i : counted z c predT -> fits grid e -> -640 <= z i - c ->
  let total := row_sum t t' grid e in
  tiny64 <= e i / total ->
  off_by (2 * a + 2.1) (rnd64 (e i / total)) (softmax z i).
Proof.
move=> some fit near total normal; have S0 := sum_E_gt0 i; rewrite softmaxE.
have sum : off_by (a + 0.01) (\sum_i e i) (\sum_i E i) := only_off some.
have row := row_sum_off once once' (e_float good) (e_ge0 good) fit.
have {row}sum : off_by (a + 1.03) total (\sum_k E k).
  by apply: off_by_le (off_by_trans _ _ _ row sum); lra.
apply: off_by_le (quotient_off _ _ (exp_pos _) S0 (e_near good near) sum normal); try lra.
by apply/Rlt_le/Rdiv_lt_0_compat => //; exact: exp_pos.
Qed.

(* The gradient for the true class k, where e_k is left out of the others *)
Section Gradient.
Variables (k j : 'I_n).
Hypothesis j_other : j != k.
Let others := only (fun i => i != k) e.
Hypothesis some : counted z c predT.
Hypothesis some_other : counted z c (fun i => i != k).
Hypothesis fit : fits grid others.
Let whole := whole_sum t t' grid others (e k).

Lemma whole_off : off_by (a + 2.03) whole (\sum_i E i).
Proof.
have S0 := sum_E_gt0 k; have sum : off_by (a + 0.01) (\sum_i e i) (\sum_i E i) := only_off some.
have := whole_sum_off once once' (only_float _) (only_ge0 _) fit (e_float good k) (e_ge0 good k).
have -> : \sum_i others i + e k = \sum_i e i by rewrite only_others (sum_one k) Rplus_comm.
by move=> row; apply: off_by_le (off_by_trans _ _ _ row sum); lra.
Qed.

Theorem gradient64_other : -640 <= z j - c -> tiny64 <= e j / whole ->
  off_by (2 * a + 3.1) (rnd64 (e j / whole)) (softmax z j).
Proof.
move=> near normal; have S0 := sum_E_gt0 k; rewrite softmaxE.
apply: off_by_le (quotient_off _ _ (exp_pos _) S0 (e_near good near) whole_off normal); try lra.
by apply/Rlt_le/Rdiv_lt_0_compat => //; exact: exp_pos.
Qed.

Theorem gradient64_own : let sum := row_sum t t' grid others in tiny64 <= sum / whole ->
  off_by (2 * a + 4.1) (rnd64 (sum / whole)) (1 - softmax z k).
Proof.
move=> sum normal; have S0 := sum_E_gt0 k; rewrite softmaxE.
have O0 : 0 < \sum_(i | i != k) E i.
  rewrite (bigD1 j) //=; apply: Rplus_lt_le_0_compat; first exact: exp_pos.
  by apply: sum_ge0 => i _; exact/Rlt_le/exp_pos.
have -> : 1 - E k / (\sum_i E i) = (\sum_(i | i != k) E i) / (\sum_i E i).
  by rewrite (sum_one k) in S0 *; field; lra.
have near : off_by (a + 0.01) (\sum_(i | i != k) e i) (\sum_(i | i != k) E i).
  by rewrite -!only_others; exact: only_off.
have := row_sum_off once once' (only_float _) (only_ge0 _) fit; rewrite only_others => row.
have {row}near : off_by (a + 1.03) sum (\sum_(i | i != k) E i).
  by apply: off_by_le (off_by_trans _ _ _ row near); lra.
apply: off_by_le (quotient_off _ _ O0 S0 near whole_off normal); try lra.
exact/Rlt_le/Rdiv_lt_0_compat.
Qed.

End Gradient.

(* The loss, from the largest logit z_m and the others *)
Lemma ln_within b x y : 0 <= b < 1 -> 0 <= x -> 0 <= y -> within b x y ->
  within b (ln (1 + x)) (ln (1 + y)).
Proof.
move=> b01 x0 y0 [xy yx].
have inv : 1 <= / (1 - b) by rewrite -{1}Rinv_1; apply: Rinv_le_contravar; lra.
have half u v : 0 <= u -> 0 <= v -> (1 - b) * v <= u -> (1 - b) * ln (1 + v) <= ln (1 + u).
  move=> u0 v0 le; rewrite Rmult_comm; apply/Rle_div_r; first lra.
  apply: Rle_trans (_ : ln (1 + / (1 - b) * u) <= _); last first.
    by rewrite /Rdiv (Rmult_comm (ln _)); apply: ln_bernoulli.
  apply: ln_le; first lra.
  have : v <= u / (1 - b) by apply/Rle_div_r; lra.
  by rewrite /Rdiv Rmult_comm; lra.
by split; apply: half.
Qed.

Theorem loss64 (log1p_f : R -> R) (l : R) (m k j : 'I_n) :
  let others := only (fun i => i != m) e in
  let rest := row_sum t t' grid others / e m in
  0 <= l <= 100 -> (forall x, float64 (log1p_f x)) ->
  (forall x, tiny64 <= x -> off_by l (log1p_f x) (ln (1 + x))) ->
  (forall i, float64 (z i)) -> j != m -> z k <= z m -> -640 <= z m - c ->
  counted z c (fun i => i != m) -> fits grid others ->
  tiny64 <= rest -> tiny64 <= rnd64 rest ->
  off_by (2 * a + l + 3.1) (rnd64 (rnd64 (z m - z k) + log1p_f (rnd64 rest))) (- ln (softmax z k)).
Proof.
move=> others rest l_range log_float log_near z_float jm km near some fit normal normal'.
have u0 := u64_pos; have u1 := u64_le.
have O0 : 0 < \sum_(i | i != m) E i.
  rewrite (bigD1 j) //=; apply: Rplus_lt_le_0_compat; first exact: exp_pos.
  by apply: sum_ge0 => i _; exact/Rlt_le/exp_pos.
have row := row_sum_off once once' (only_float _) (only_ge0 _) fit; rewrite only_others in row.
have sum : off_by (a + 0.01) (\sum_(i | i != m) e i) (\sum_(i | i != m) E i).
  by rewrite -!only_others; exact: only_off.
have {row}sum : off_by (a + 1.03) (row_sum t t' grid others) (\sum_(i | i != m) E i).
  by apply: off_by_le (off_by_trans _ _ _ row sum); lra.
have := quotient_off (ltac:(lra) : 0 <= a + 1.03 <= 1000) (ltac:(lra) : 0 <= a <= 1000) O0 (exp_pos _)
  sum (e_near good near) normal.
set y := (\sum_(i | i != m) E i) / E m => r_near.
have y0 : 0 < y by apply: Rdiv_lt_0_compat => //; exact: exp_pos.
have r0 : 0 < rnd64 rest by apply: Rlt_le_trans normal'; exact: bpow_gt_0.
have loss : - ln (softmax z k) = (z m - z k) + ln (1 + y).
  have -> : - ln (softmax z k) = - ln (softmax z m) + (z m - z k) by rewrite !ln_softmax; ring.
  rewrite surprise_odds Rplus_comm; congr (_ + ln (1 + _)).
  rewrite /y /Rdiv big_distrl /=; apply: eq_bigr => i _.
  by rewrite -exp_Ropp -exp_plus; congr exp; ring.
have ln0 x : 0 < x -> 0 < ln (1 + x) by move=> x0; rewrite -ln_1; apply: ln_increasing; lra.
have log_off : off_by (2 * a + l + 2.06) (log1p_f (rnd64 rest)) (ln (1 + y)).
  have step : off_by (2 * a + 2.05) (ln (1 + rnd64 rest)) (ln (1 + y)).
    have -> : 2 * a + 2.05 = (2 * a + 2.04) + 0.01 by lra.
    apply: within_off_by; try lra; try exact/Rlt_le/ln0.
    apply: ln_within; try lra.
      have := Rmult_le_compat_r u64 (2 * a + 2.04) 3000; have := Rmult_le_pos (2 * a + 2.04) u64; lra.
    have -> : 2 * a + 2.04 = a + 1.03 + a + 1.01 by lra.
    by apply: off_by_within => //; lra.
  apply: off_by_le (off_by_trans _ _ _ (log_near _ normal') step); try lra.
    exact/Rlt_le/ln0.
  exact/Rlt_le/ln0.
have y1 := ln0 _ y0; rewrite loss.
have := plus64 (z_float m) (float64_opp (z_float k)); rewrite -/(Rminus (z m) (z k)) => top.
have {}top : off_by 1 (rnd64 (z m - z k)) (z m - z k).
  by rewrite /off_by Rmult_1_l -{3}(Rabs_pos_eq (z m - z k)) //; lra.
have sum_off : off_by (2 * a + l + 2.06) (rnd64 (z m - z k) + log1p_f (rnd64 rest))
    (z m - z k + ln (1 + y)).
  have {}top : off_by (2 * a + l + 2.06) (rnd64 (z m - z k)) (z m - z k).
    by apply: off_by_le top; lra.
  rewrite /off_by; have -> : forall p q v w : R, p + q - (v + w) = (p - v) + (q - w) by move=> *; ring.
  by apply: Rle_trans (Rabs_triang _ _) _; move: top log_off; rewrite /off_by; lra.
have last := plus64 (rnd64_float (z m - z k)) (log_float (rnd64 rest)).
set s := rnd64 (z m - z k) + _ in last sum_off *.
have s0 : 0 < s.
  have bu : (2 * a + l + 2.06) * u64 <= / 1000.
    have := Rmult_le_compat_r u64 (2 * a + l + 2.06) 1000; lra.
  move: sum_off => /Rabs_le_between [lower _].
  have := Rmult_le_compat_r (z m - z k + ln (1 + y)) _ _ ltac:(lra) bu; lra.
have one : off_by 1 (rnd64 s) s by rewrite /off_by Rmult_1_l -{3}(Rabs_pos_eq s) //; lra.
by apply: off_by_le (off_by_trans _ _ _ one sum_off); lra.
Qed.

End Result.
