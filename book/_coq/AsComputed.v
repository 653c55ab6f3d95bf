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

End Result.
