(* How `cecore` adds up: every term is cut at the same place, on a grid so coarse that the sums of
   the leading parts are exact.  The rests are added up apart, so only one rounding counts. *)
From Coq Require Import Reals Lra Lia ZArith.
From Flocq Require Import Core Relative Plus_error Sterbenz.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Floats Binary64.
Set Implicit Arguments.
Unset Strict Implicit.

(* The numbers of 64 bits, but for the largest: nothing overflows here. *)
#[export] Instance prec_pos : Prec_gt_0 53.  Proof. by []. Qed.

Notation exponent64 := (FLT_exp (-1074) 53).
Notation float64 := (generic_format radix2 exponent64).

Lemma rnd64_float x : float64 (rnd64 x).
Proof. exact: generic_format_round. Qed.

Lemma rnd64_exact x : float64 x -> rnd64 x = x.
Proof. exact: round_generic. Qed.

Lemma float64_0 : float64 0.
Proof. exact: generic_format_0. Qed.

Lemma float64_opp x : float64 x -> float64 (- x).
Proof. exact: generic_format_opp. Qed.

Lemma float64_double x : float64 x -> float64 (2 * x).
Proof.
move=> fx; have [[m e] /= -> m53 e1074] := FLT_format_generic _ _ _ _ fx.
apply: generic_format_FLT; exists (Float radix2 m (e + 1)) => //=; last by lia.
by rewrite /F2R /= bpow_plus (_ : bpow radix2 1 = 2) //; ring.
Qed.

Lemma u64_pos : 0 < u64.
Proof. by rewrite /u64 /=; lra. Qed.

Lemma u64_le : u64 <= / 9000000000000000.
Proof. by rewrite /u64 /=; lra. Qed.

(* Sums of floats are never rounded by more than u, not even tiny ones. *)
Lemma plus64 x y : float64 x -> float64 y -> Rabs (rnd64 (x + y) - (x + y)) <= u64 * Rabs (x + y).
Proof.
move=> fx fy.
have [eps [small]] := @FLT_plus_error_N_ex radix2 (-1074) 53 erefl (fun x => negb (Z.even x))
  _ _ fx fy.
rewrite -/(rnd64 (x + y)) => ->.
have -> : (x + y) * (1 + eps) - (x + y) = eps * (x + y) by ring.
rewrite Rabs_mult; apply: Rmult_le_compat_r; first exact: Rabs_pos.
apply: Rle_trans small _; rewrite /u_ro /u64 /= -Rinv_mult -mult_IZR /=.
by apply/Rle_div_l; lra.
Qed.

Lemma sum_f_float n (f : 'R^n) t : (forall k, float64 (f k)) -> float64 (sum_f rnd64 f t).
Proof. by move=> ff; elim: t => [i|l _ r _]; [apply: ff | apply: rnd64_float]. Qed.

(* A plain sum, of terms of any sign, in any order. *)
Lemma plain_sum n (f : 'R^n) t : (forall k, float64 (f k)) -> 2 * INR (depth t) * u64 <= 1 ->
  Rabs (sum_f rnd64 f t - \sum_(k <- leaves t) f k)
    <= 2 * INR (depth t) * u64 * \sum_(k <- leaves t) Rabs (f k).
Proof.
move=> ff; elim: t => [i|l IHl r IHr] small.
  by rewrite !big_cons !big_nil /= !Rplus_0_r Rminus_eq_0 Rabs_R0; lra.
have dl : INR (depth l) <= INR (maxn (depth l) (depth r)) by apply/le_INR/leP/leq_maxl.
have dr : INR (depth r) <= INR (maxn (depth l) (depth r)) by apply/le_INR/leP/leq_maxr.
move: small; rewrite [depth _]/= S_INR !big_cat /=.
set d := INR (maxn _ _) in dl dr *.
set L := \sum_(k <- leaves l) f k; set M := \sum_(k <- leaves r) f k.
set A := \sum_(k <- leaves l) Rabs (f k); set B := \sum_(k <- leaves r) Rabs (f k).
set x := sum_f rnd64 f l; set y := sum_f rnd64 f r => small.
have u0 := u64_pos.
have sums_ge0 (t : order n) : 0 <= \sum_(k <- leaves t) Rabs (f k).
  by elim/big_ind: _ => [|a b a0 b0|k _]; [lra | lra | exact: Rabs_pos].
have A0 : 0 <= A by exact: sums_ge0.
have B0 : 0 <= B by exact: sums_ge0.
have bound (t : order n) : Rabs (\sum_(k <- leaves t) f k) <= \sum_(k <- leaves t) Rabs (f k).
  elim/big_ind2: _ => [|a b a' b' le le'|k _]; first by rewrite Rabs_R0; lra.
    by have := Rabs_triang b b'; lra.
  by lra.
have d0 : 0 <= INR (depth l) by apply: pos_INR.
have d0' : 0 <= INR (depth r) by apply: pos_INR.
have xL : Rabs (x - L) <= 2 * d * u64 * A.
  by apply: Rle_trans (IHl ltac:(nra)) _; apply: Rmult_le_compat_r => //; nra.
have yM : Rabs (y - M) <= 2 * d * u64 * B.
  by apply: Rle_trans (IHr ltac:(nra)) _; apply: Rmult_le_compat_r => //; nra.
have xy := plus64 (sum_f_float l ff) (sum_f_float r ff); rewrite -/x -/y in xy.
have -> : rnd64 (x + y) - (L + M) = (rnd64 (x + y) - (x + y)) + ((x - L) + (y - M)) by ring.
have size : Rabs (x + y) <= 2 * (A + B).
  have -> : x + y = (x - L) + (y - M) + (L + M) by ring.
  have := Rabs_triang (x - L + (y - M)) (L + M); have := Rabs_triang (x - L) (y - M).
  have := Rabs_triang L M; have := bound l; have := bound r; rewrite -/L -/M -/A -/B.
  have : 2 * d * u64 * (A + B) <= 1 * (A + B) by apply: Rmult_le_compat_r; nra.
  lra.
have := Rabs_triang (rnd64 (x + y) - (x + y)) (x - L + (y - M)).
have := Rabs_triang (x - L) (y - M).
have : u64 * Rabs (x + y) <= u64 * (2 * (A + B)) by apply: Rmult_le_compat_l; lra.
lra.
Qed.

Section Grid.
Variable grid : R.
Hypothesis grid_float : float64 grid.
Hypothesis grid_pos : 0 < grid.

(* A number is cut in two: the nearest of the grid, and what is left. *)
Definition leading x := rnd64 (rnd64 (x + grid) - grid).
Definition rest x := rnd64 (x - leading x).

(* Floats as large as the grid are multiples of its spacing; so then is a leading part. *)
Let spacing := bpow radix2 (cexp radix2 exponent64 grid).

Lemma multiple y : float64 y -> grid <= y -> exists m : Z, y = IZR m * spacing.
Proof.
move=> fy gy.
have le : (cexp radix2 exponent64 grid <= cexp radix2 exponent64 y)%Z.
  apply: (@monotone_exp exponent64); apply: mag_le => //; exact: Rlt_le_trans gy.
exists (Ztrunc (scaled_mantissa radix2 exponent64 y) *
  2 ^ (cexp radix2 exponent64 y - cexp radix2 exponent64 grid))%Z.
rewrite {1}fy /F2R /= mult_IZR Rmult_assoc /spacing (IZR_Zpower radix2); last by lia.
by rewrite -bpow_plus; congr (_ * bpow _ _); lia.
Qed.

Lemma multiple_float m : 0 <= IZR m * spacing <= grid -> float64 (IZR m * spacing).
Proof.
move=> [m0 mg]; have s0 : 0 < spacing by exact: bpow_gt_0.
have [b B] := multiple grid_float (Rle_refl grid).
have m_ge0 : (0 <= m)%Z by apply: le_IZR; nra.
have mb : (m <= b)%Z by apply: le_IZR; rewrite B in mg; exact: Rmult_le_reg_r mg.
have b53 : IZR b < IZR (2 ^ 53).
  apply: (Rmult_lt_reg_r spacing) => //; rewrite -B (IZR_Zpower radix2) // /spacing -bpow_plus.
  have := bpow_mag_gt radix2 grid; rewrite Rabs_pos_eq; last exact: Rlt_le.
  move=> lt; apply: Rlt_le_trans lt _; apply: bpow_le; rewrite /cexp /FLT_exp; lia.
apply: generic_format_FLT; exists (Float radix2 m (cexp radix2 exponent64 grid)) => //=.
  by have := lt_IZR _ _ b53; rewrite Z.abs_eq //; lia.
by rewrite /cexp /FLT_exp; lia.
Qed.

Section Cut.
Variable x : R.
Hypothesis x_float : float64 x.
Hypothesis x_range : 0 <= x <= grid.

Lemma on_grid : grid <= rnd64 (x + grid) <= 2 * grid.
Proof.
have [x0 xg] := x_range.
split; last by apply: round_le_generic; [exact: float64_double | lra].
by apply: round_ge_generic; [exact: grid_float | lra].
Qed.

Lemma leadingE : leading x = rnd64 (x + grid) - grid.
Proof.
apply/rnd64_exact/sterbenz => //; first exact: rnd64_float.
by have := on_grid; lra.
Qed.

Lemma leading_ge0 : 0 <= leading x.
Proof. by rewrite leadingE; have := on_grid; lra. Qed.

Lemma leading_multiple : exists m : Z, leading x = IZR m * spacing.
Proof.
have [lo _] := on_grid; have [a A] := multiple (rnd64_float (x + grid)) lo.
have [b B] := multiple grid_float (Rle_refl grid).
by exists (a - b)%Z; rewrite leadingE A minus_IZR Rmult_minus_distr_r -B.
Qed.

Lemma restE : rest x = x - leading x.
Proof.
apply: rnd64_exact; rewrite leadingE.
have -> : x - (rnd64 (x + grid) - grid) = - (rnd64 (x + grid) - (x + grid)) by ring.
exact/float64_opp/plus_error.
Qed.

Lemma rest_small : Rabs (rest x) <= 2 * u64 * grid.
Proof.
have [x0 xg] := x_range; rewrite restE leadingE -Rabs_Ropp.
have -> : - (x - (rnd64 (x + grid) - grid)) = rnd64 (x + grid) - (x + grid) by ring.
apply: Rle_trans (plus64 x_float grid_float) _.
by have := u64_pos; rewrite Rabs_pos_eq; nra.
Qed.

End Cut.

Section Terms.
Variables (n : nat) (e : 'R^n) (t t' : order n).
Hypothesis e_float : forall k, float64 (e k).
Hypothesis e_ge0 : forall k, 0 <= e k.
Let S := \sum_k e k.
Hypothesis once : perm_eq (leaves t) (enum 'I_n).
Hypothesis once' : perm_eq (leaves t') (enum 'I_n).
Hypothesis coarse : 3 / 2 * S <= grid.
Let N := (INR (depth t') + 1) * (INR n + 2).
Hypothesis fine : N * grid <= 4 * 10 ^ 12 * S.

Let high := sum_f rnd64 (fun k => leading (e k)) t.
Let low := sum_f rnd64 (fun k => rest (e k)) t'.

Lemma e_range k : 0 <= e k <= grid.
Proof. by have := sum_term k e_ge0; have := e_ge0 k; rewrite -/S; lra. Qed.

Lemma all_leaves (f : 'R^n) (o : order n) : perm_eq (leaves o) (enum 'I_n) ->
  \sum_(k <- leaves o) f k = \sum_k f k.
Proof. by move=> p; rewrite (perm_big _ p) big_enum. Qed.

Lemma high_multiple (o : order n) :
  exists m : Z, \sum_(k <- leaves o) leading (e k) = IZR m * spacing.
Proof.
elim: o => [i|l [a A] r [b B]] /=.
  by rewrite big_cons big_nil Rplus_0_r; apply: leading_multiple (e_range i).
by exists (a + b)%Z; rewrite big_cat /= A B plus_IZR; ring.
Qed.

Lemma high_ge0 (o : order n) : 0 <= \sum_(k <- leaves o) leading (e k).
Proof. by apply: sum_leaves_ge0 => k; apply: leading_ge0 (e_range k). Qed.

(* The sum of the leading parts is exact, in any order. *)
Lemma exact_sum (o : order n) : \sum_(k <- leaves o) leading (e k) <= grid ->
  sum_f rnd64 (fun k => leading (e k)) o = \sum_(k <- leaves o) leading (e k).
Proof.
elim: o => [i|l IHl r IHr] /=; first by rewrite big_cons big_nil Rplus_0_r.
rewrite big_cat /= => le; have l0 := high_ge0 l; have r0 := high_ge0 r.
rewrite IHl ?IHr; try lra; apply: rnd64_exact.
have [a A] := high_multiple l; have [b B] := high_multiple r.
have E : \sum_(k <- leaves l) leading (e k) + \sum_(k <- leaves r) leading (e k)
  = IZR (a + b) * spacing by rewrite plus_IZR A B; ring.
by rewrite E; apply: multiple_float; rewrite -E; lra.
Qed.

Lemma N_large : 2 <= N /\ INR (depth t') + 1 <= N /\ INR n + 2 <= N /\ INR (depth t') * INR n <= N.
Proof.
have := pos_INR (depth t'); have := pos_INR n; rewrite /N.
set d := INR _; set m := INR _ => m0 d0; have : 0 <= d * m by apply: Rmult_le_pos.
by split; [|split; [|split]]; nra.
Qed.

Lemma N_small : N * u64 <= / 2000.
Proof.
have [N2 _] := N_large; have N12 : N <= 4 * 10 ^ 12.
  apply: (Rmult_le_reg_r grid) => //; apply: Rle_trans fine _.
  by apply: Rmult_le_compat_l; lra.
by have := u64_le; have := u64_pos => *; apply: Rle_trans (Rmult_le_compat _ _ _ _ _ _ N12 u64_le) _; lra.
Qed.

Lemma rests_small : \sum_k Rabs (rest (e k)) <= INR n * (2 * u64 * grid).
Proof.
by rewrite -sum_equal; apply: sum_le => k _; apply: rest_small (e_range k).
Qed.

Lemma highE : high = S - \sum_k rest (e k).
Proof.
have sum : \sum_k leading (e k) = S - \sum_k rest (e k).
  rewrite -sum_minus; apply: eq_bigr => k _; rewrite restE //; first by ring.
  exact: e_range.
rewrite /high exact_sum all_leaves // sum.
have le : - (\sum_k rest (e k)) <= \sum_k Rabs (rest (e k)).
  rewrite -sum_opp; apply: sum_le => k _.
  by have := Rle_abs (- rest (e k)); rewrite Rabs_Ropp.
have := rests_small; have [N2 [_ [nN _]]] := N_large; have := N_small; have := u64_pos => *.
have : INR n * u64 * grid <= / 2000 * grid by apply: Rmult_le_compat_r; nra.
lra.
Qed.

Let missing := 16 * 10 ^ 12 * u64 * u64 * S.

Lemma low_near : Rabs (low - \sum_k rest (e k)) <= missing.
Proof.
have u0 := u64_pos; have [N2 [dN [_ ndN]]] := N_large; have Nu := N_small.
have d0 : 0 <= INR (depth t') by apply: pos_INR.
have small : 2 * INR (depth t') * u64 <= 1 by nra.
have := plain_sum (f := fun k => rest (e k)) (t := t') (fun k => rnd64_float _) small.
rewrite (all_leaves (fun k => rest (e k)) once') (all_leaves (fun k => Rabs (rest (e k))) once').
move=> le; apply: Rle_trans le _.
apply: (Rle_trans _ (2 * INR (depth t') * u64 * (INR n * (2 * u64 * grid)))).
  by apply: Rmult_le_compat_l rests_small; nra.
have uu : 0 <= 4 * (u64 * u64) by nra.
have := Rmult_le_compat_l _ _ _ uu fine; have := Rmult_le_compat_r grid _ _ (Rlt_le _ _ grid_pos) ndN.
move=> /(Rmult_le_compat_l _ _ _ uu) *; rewrite /missing; lra.
Qed.

Lemma S_ge0 : 0 <= S.
Proof. exact: sum_ge0. Qed.

Lemma missing_small : 0 <= missing <= / 500 * u64 * S.
Proof.
have uS : 0 <= u64 * S by apply: Rmult_le_pos; [exact: Rlt_le u64_pos | exact: S_ge0].
have := Rmult_le_compat_r _ _ _ uS u64_le; have := Rmult_le_pos _ _ (Rlt_le _ _ u64_pos) uS.
rewrite /missing; lra.
Qed.

(* The sum of each row is rounded once, and by a trace more. *)
Theorem split_sum : Rabs (rnd64 (high + low) - S) <= 1.01 * u64 * S.
Proof.
have u0 := u64_pos; have near := low_near; have [m0 m1] := missing_small; have s0 := S_ge0.
have uS : 0 <= u64 * S by apply: Rmult_le_pos; lra.
have := @plus64 high low (sum_f_float _ (fun k => rnd64_float _)) (sum_f_float _ (fun k => rnd64_float _)).
have -> : high + low = S + (low - \sum_k rest (e k)) by rewrite highE; ring.
set x := low - _ in near *; set y := rnd64 _ => le.
have {}le : Rabs (y - (S + x)) <= u64 * (S + missing).
  apply: Rle_trans le _; apply: Rmult_le_compat_l; first lra.
  by have := Rabs_triang S x; rewrite (Rabs_pos_eq S) //; lra.
have -> : y - S = (y - (S + x)) + x by ring.
have := Rabs_triang (y - (S + x)) x.
have : u64 * missing <= / 1000 * missing by apply: Rmult_le_compat_r => //; have := u64_le; lra.
lra.
Qed.

(* The sum of all, one of which was left out of the others and is cut at the same place. *)
Section Own.
Variable own : R.
Hypothesis own_float : float64 own.
Hypothesis own_ge0 : 0 <= own.

Lemma own_cut : leading own + rest own = own /\ Rabs (rest own) <= 5 * u64 * (own + grid).
Proof.
have u0 := u64_pos; have u1 := u64_le.
have [le|lt] := Rle_or_lt own grid.
  have := @rest_small own own_float (conj own_ge0 le).
  by split; [rewrite restE //; ring | nra].
have := plus64 own_float grid_float; rewrite (Rabs_pos_eq (own + grid)); last by lra.
set w := rnd64 (own + grid) => /Rabs_le_between near.
have fw : float64 w by exact: rnd64_float.
have := plus64 fw (float64_opp grid_float); rewrite -/(Rminus _ _) -/(leading own).
have size : Rabs (w - grid) <= 2 * own by apply/Rabs_le_between; nra.
move=> le; have {le} : Rabs (leading own - (w - grid)) <= u64 * (2 * own).
  by apply: Rle_trans le _; apply: Rmult_le_compat_l; lra.
move=> /Rabs_le_between far.
have E : rest own = own - leading own.
  apply/rnd64_exact/sterbenz => //; first exact: rnd64_float.
  by nra.
rewrite E; split; first by ring.
by apply/Rabs_le_between; nra.
Qed.

Theorem whole_sum : Rabs (rnd64 (rnd64 (high + leading own) + rnd64 (low + rest own)) - (S + own))
  <= 2.01 * u64 * (S + own).
Proof.
have u0 := u64_pos; have u1 := u64_le; have near := low_near; have [m0 m1] := missing_small.
have s0 := S_ge0; have [cut small] := own_cut.
have fh : float64 high by exact: sum_f_float (fun k => rnd64_float _).
have fl : float64 low by exact: sum_f_float (fun k => rnd64_float _).
set X := S + own.
have X0 : 0 <= X by rewrite /X; lra.
set r := \sum_k rest (e k) in near *.
(* All that is not in the leading parts *)
have rests : Rabs (r + rest own) <= / 700 * X.
  have bound : Rabs r <= \sum_k Rabs (rest (e k)).
    rewrite /r; elim/big_ind2: _ => [|a b a' b' le le'|k _]; first by rewrite Rabs_R0; lra.
      by have := Rabs_triang b b'; lra.
    by lra.
  have := rests_small; have [N2 [_ [nN _]]] := N_large; have := Rabs_triang r (rest own).
  have : 3 * (INR n + 2) * (u64 * grid) <= 3 * N * (u64 * grid).
    by apply: Rmult_le_compat_r; [apply: Rmult_le_pos; lra | lra].
  have : 0 <= INR n * (u64 * grid) by apply: Rmult_le_pos (pos_INR n) _; apply: Rmult_le_pos; lra.
  have : 0 <= u64 * grid by apply: Rmult_le_pos; lra.
  have := Rmult_le_compat_l _ _ _ (Rlt_le _ _ u0) fine.
  have := Rmult_le_compat_r S _ _ s0 u1; have := Rmult_le_compat_r own _ _ own_ge0 u1.
  by rewrite /X; lra.
have A := plus64 fh (rnd64_float (rnd64 (own + grid) - grid)); rewrite -/(leading own) in A.
have B := plus64 fl (rnd64_float (own - leading own)); rewrite -/(rest own) in B.
have C := plus64 (rnd64_float (high + leading own)) (rnd64_float (low + rest own)).
have H : high + leading own = X - (r + rest own) by rewrite highE -/r /X -{2}cut; ring.
have L : low + rest own = (r + rest own) + (low - r) by ring.
move: A B C; set a := rnd64 (high + _); set b := rnd64 (low + _); set c := rnd64 (a + b).
rewrite H L; set y := r + rest own in rests *; set x := low - r in near *.
have uX : 0 <= u64 * X by apply: Rmult_le_pos; lra.
have uS : u64 * S <= u64 * X by apply: Rmult_le_compat_l; rewrite /X; lra.
have uuX : u64 * (u64 * X) <= / 1000000 * (u64 * X) by apply: Rmult_le_compat_r; lra.
move=> A B C.
have {}A : Rabs (a - (X - y)) <= u64 * (X + / 700 * X).
  apply: Rle_trans A _; apply: Rmult_le_compat_l; first by lra.
  by have := Rabs_triang X (- y); rewrite Rabs_Ropp (Rabs_pos_eq X) //; rewrite /Rminus; lra.
have {}B : Rabs (b - (y + x)) <= u64 * (/ 700 * X + / 1000 * X).
  apply: Rle_trans B _; apply: Rmult_le_compat_l; first by lra.
  have : u64 * X <= / 1000 * X by apply: Rmult_le_compat_r; lra.
  by have := Rabs_triang y x; lra.
have sum : a + b = X + (x + (a - (X - y)) + (b - (y + x))) by ring.
have := Rabs_triang X (x + (a - (X - y)) + (b - (y + x))); rewrite -sum (Rabs_pos_eq X) //.
have := Rabs_triang (x + (a - (X - y))) (b - (y + x)).
have := Rabs_triang x (a - (X - y)).
have E : c - X = (c - (a + b)) + (x + (a - (X - y)) + (b - (y + x))) by rewrite sum; ring.
have := Rabs_triang (c - (a + b)) (x + (a - (X - y)) + (b - (y + x))); rewrite -E.
move=> c1 c2 c3 c4.
have uuS := Rmult_le_compat_l _ _ _ (Rlt_le _ _ u0) uS.
have : u64 * Rabs (a + b) <= u64 * (X + (/ 500 * u64 * S + u64 * (X + / 700 * X)
    + u64 * (/ 700 * X + / 1000 * X))) by apply: Rmult_le_compat_l; lra.
lra.
Qed.

End Own.

End Terms.

End Grid.
