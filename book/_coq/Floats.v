(* How exact is softmax in floating point?  The standard model: an operation returns the exact
   result with a relative error of u at most, wherever the result is not tiny. *)
From Coq Require Import Reals Lra Lia.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax.
Set Implicit Arguments.
Unset Strict Implicit.

(* x and y are the same up to a, whichever of the two is the exact one. *)
Definition within (a x y : R) := (1 - a) * y <= x /\ (1 - a) * x <= y.

Section Within.
Implicit Types a b x y : R.

Lemma within_sym a x y : within a x y -> within a y x.
Proof. by case. Qed.

Lemma within_le a b x y : 0 <= x -> 0 <= y -> a <= b -> within a x y -> within b x y.
Proof. by rewrite /within => *; nra. Qed.

Lemma within_trans a b x y w : 0 <= a <= 1 -> 0 <= b <= 1 -> 0 <= x -> 0 <= y -> 0 <= w ->
  within a x y -> within b y w -> within (a + b) x w.
Proof.
rewrite /within => a01 b01 x0 y0 w0 [xy yx] [yw wy]; split.
  by have := Rmult_le_compat_l (1 - a) _ _ _ yw; nra.
by have := Rmult_le_compat_l (1 - b) _ _ _ yx; nra.
Qed.

Lemma within_inv a x y : 0 < x -> 0 < y -> within a x y -> within a (/ x) (/ y).
Proof.
move=> x0 y0 [xy yx]; split.
  by apply: (Rmult_le_reg_l (x * y)); [nra | field_simplify; lra].
by apply: (Rmult_le_reg_l (x * y)); [nra | field_simplify; lra].
Qed.

Lemma within_mul a b x y x' y' : 0 <= a <= 1 -> 0 <= b <= 1 ->
  0 <= x -> 0 <= y -> 0 <= x' -> 0 <= y' ->
  within a x y -> within b x' y' -> within (a + b) (x * x') (y * y').
Proof.
move=> a01 b01 x0 y0 x'0 y'0 [xy yx] [xy' yx'].
have ab : 0 <= a * b by apply: Rmult_le_pos; lra.
split.
  apply: (Rle_trans _ ((1 - a) * y * ((1 - b) * y'))).
    by have := Rmult_le_pos _ _ ab (Rmult_le_pos _ _ y0 y'0); lra.
  by apply: Rmult_le_compat => //; apply: Rmult_le_pos; lra.
apply: (Rle_trans _ ((1 - a) * x * ((1 - b) * x'))).
  by have := Rmult_le_pos _ _ ab (Rmult_le_pos _ _ x0 x'0); lra.
by apply: Rmult_le_compat => //; apply: Rmult_le_pos; lra.
Qed.

Lemma within_plus a x y x' y' : within a x y -> within a x' y' -> within a (x + x') (y + y').
Proof. by move=> [? ?] [? ?]; split; lra. Qed.

Lemma within_relative a x y : 0 <= a <= 1 -> 0 <= y -> Rabs (x - y) <= a * y -> within a x y.
Proof.
move=> a01 y0 /Rabs_le_between [? ?]; split; first by lra.
have : (1 - a) * x <= (1 - a) * ((1 + a) * y) by apply: Rmult_le_compat_l; lra.
have : 0 <= a * a * y by apply: Rmult_le_pos => //; nra.
lra.
Qed.

Lemma within_error a x y : 0 <= a < 1 -> 0 <= x -> 0 <= y -> within a x y ->
  Rabs (x - y) <= a / (1 - a) * y.
Proof.
move=> a01 x0 y0 [xy yx]; apply/Rabs_le_between.
have -> : a / (1 - a) * y = y / (1 - a) - y by field; lra.
have up : x <= y / (1 - a) by apply/Rle_div_r; lra.
have aay : 0 <= a * a * y by apply: Rmult_le_pos => //; nra.
have : y + a * y <= y / (1 - a) by apply/Rle_div_r; lra.
by split; lra.
Qed.

End Within.

Section Model.
Variables (u tiny c : R) (rnd exp_f : R -> R).
Hypothesis u_small : 0 <= u <= 1 / 2.
Hypothesis tiny_pos : 0 < tiny.
Hypothesis rnd_model : forall x, tiny <= x -> Rabs (rnd x - x) <= u * x.
Hypothesis c_ge0 : 0 <= c.
Hypothesis exp_model : forall x, tiny <= exp_f x -> Rabs (exp_f x - exp x) <= c * u * exp x.

Lemma rnd_within x : tiny <= x -> within u (rnd x) x.
Proof. by move=> tx; apply: within_relative (rnd_model tx); lra. Qed.

Lemma rnd_ge x : tiny <= x -> x / 2 <= rnd x.
Proof. by move=> tx; case: (rnd_within tx) => lower _; nra. Qed.

(* An order of summation: from left to right, pairwise, or any other. *)
Inductive order n := Leaf (i : 'I_n) | Node (left right : order n).

Fixpoint leaves n (t : order n) : seq 'I_n :=
  match t with Leaf i => [:: i] | Node l r => leaves l ++ leaves r end.

Fixpoint depth n (t : order n) : nat :=
  match t with Leaf _ => 0%N | Node l r => (maxn (depth l) (depth r)).+1 end.

Fixpoint sum_f n (f : 'R^n) (t : order n) : R :=
  match t with Leaf i => f i | Node l r => rnd (sum_f f l + sum_f f r) end.

Lemma sum_f_tiny n (f : 'R^n) t : (forall i, tiny <= f i) -> tiny <= sum_f f t.
Proof.
move=> ft; elim: t => //= l IHl r IHr.
by have := @rnd_ge (sum_f f l + sum_f f r); lra.
Qed.

Lemma sum_leaves_ge0 n (g : 'R^n) (t : order n) : (forall i, 0 <= g i) ->
  0 <= \sum_(i <- leaves t) g i.
Proof. by move=> g0; elim/big_ind: _ => //; [lra | move=> *; lra]. Qed.

Lemma sum_within n (f g : 'R^n) a t : 0 <= a -> a + INR (depth t) * u <= 1 ->
  (forall i, tiny <= f i) -> (forall i, 0 <= g i) -> (forall i, within a (f i) (g i)) ->
  within (a + INR (depth t) * u) (sum_f f t) (\sum_(i <- leaves t) g i).
Proof.
move=> a0 small ft g0 fg; elim: t small => [i|l IHl r IHr] small.
  by rewrite big_cons big_nil /= Rmult_0_l !Rplus_0_r.
have dl : INR (depth l) <= INR (maxn (depth l) (depth r)) by apply/le_INR/leP/leq_maxl.
have dr : INR (depth r) <= INR (maxn (depth l) (depth r)) by apply/le_INR/leP/leq_maxr.
move: small; rewrite /= -/(INR (maxn (depth l) (depth r)).+1) S_INR big_cat /=.
set d := INR (maxn _ _) in dl dr * => small.
have d0 : 0 <= INR (depth l) by apply: pos_INR.
have tl := sum_f_tiny l ft; have tr := sum_f_tiny r ft.
have gl := sum_leaves_ge0 l g0; have gr := sum_leaves_ge0 r g0.
have -> : a + (d + 1) * u = u + (a + d * u) by ring.
apply: (@within_trans _ _ _ (sum_f f l + sum_f f r)); try nra.
- by have := @rnd_ge (sum_f f l + sum_f f r); lra.
- by apply: rnd_within; lra.
apply: within_plus.
  by apply: (@within_le (a + INR (depth l) * u)); [lra | lra | nra | apply: IHl; nra].
by apply: (@within_le (a + INR (depth r) * u)); [lra | lra | nra | apply: IHr; nra].
Qed.

(* Any exponentials e with a relative error of a, summed in any order t, divided. *)
Section Quotient.
Variables (n : nat) (z e : 'R^n) (a : R) (t : order n) (i : 'I_n).
Hypothesis all_once : perm_eq (leaves t) (enum 'I_n).
Hypothesis a_ge0 : 0 <= a.
Hypothesis e_tiny : forall k, tiny <= e k.
Hypothesis e_within : forall k, within a (e k) (exp (z k)).
Let s_f := rnd (e i / sum_f e t).
Let K := 2 * a + (INR (depth t) + 1) * u.
Hypothesis s_tiny : tiny <= e i / sum_f e t.
Hypothesis K_small : K < 1.

Lemma quotient : Rabs (s_f - softmax z i) <= K / (1 - K) * softmax z i.
Proof.
have K1 : 2 * a + (INR (depth t) + 1) * u < 1 := K_small.
have d0 : 0 <= INR (depth t) by apply: pos_INR.
have exps : \sum_(k <- leaves t) exp (z k) = \sum_k exp (z k).
  by rewrite (perm_big _ all_once) big_enum.
have sum0 := sum_f_tiny t e_tiny; have S0 := S_gt0 z i; have s0 := softmax_gt0 z i.
have e0 := exp_pos (z i); have et := e_tiny i.
have Ku : 0 <= (INR (depth t) + 1) * u by apply: Rmult_le_pos; lra.
have Kd : 0 <= INR (depth t) * u by apply: Rmult_le_pos; lra.
have small : a + INR (depth t) * u <= 1 by lra.
have sums : within (a + INR (depth t) * u) (sum_f e t) (\sum_k exp (z k)).
  by rewrite -exps; apply: sum_within => // k; apply/Rlt_le/exp_pos.
have quot : within (a + (a + INR (depth t) * u)) (e i / sum_f e t) (softmax z i).
  apply: within_mul => //; try lra; try (apply/Rlt_le/Rinv_0_lt_compat; lra).
  by apply: within_inv => //; lra.
apply: within_error; try (rewrite /K; lra).
  by have := rnd_ge s_tiny; rewrite /s_f; lra.
have -> : K = u + (a + (a + INR (depth t) * u)) by rewrite /K; ring.
apply: (@within_trans _ _ _ (e i / sum_f e t)) => //; try lra.
- by have := rnd_ge s_tiny; rewrite /s_f; lra.
exact: rnd_within.
Qed.

End Quotient.

(* The textbook's softmax: exp(z_i) over the sum of all exp(z_k). *)
Theorem textbook n (z : 'R^n) (t : order n) (i : 'I_n) :
  let s_f := rnd (exp_f (z i) / sum_f (fun k => exp_f (z k)) t) in
  let K := (2 * c + INR (depth t) + 1) * u in
  perm_eq (leaves t) (enum 'I_n) -> K < 1 ->
  (forall k, tiny <= exp_f (z k)) -> tiny <= exp_f (z i) / sum_f (fun k => exp_f (z k)) t ->
  Rabs (s_f - softmax z i) <= K / (1 - K) * softmax z i.
Proof.
move=> s_f K once K1 et st.
have KK : K = 2 * (c * u) + (INR (depth t) + 1) * u by rewrite /K; ring.
have cu0 : 0 <= c * u by apply: Rmult_le_pos; lra.
have cu1 : c * u <= 1.
  have : 0 <= (INR (depth t) + 1) * u.
    by apply: Rmult_le_pos; [have := pos_INR (depth t); lra | lra].
  by rewrite KK in K1; lra.
rewrite KK; apply: quotient; rewrite -?KK // => k.
by apply: within_relative (exp_model (et k)); [lra | apply/Rlt_le/exp_pos].
Qed.

(* The stable one: a number m is subtracted first, from which no logit is further than R away. *)
Theorem stable n (z d : 'R^n) (m r : R) (t : order n) (i : 'I_n) :
  let s_f := rnd (exp_f (d i) / sum_f (fun k => exp_f (d k)) t) in
  let K := (2 * c + 2 * r + INR (depth t) + 1) * u in
  perm_eq (leaves t) (enum 'I_n) -> K < 1 ->
  (forall k, Rabs (z k - m) <= r) ->
  (forall k, Rabs (d k - (z k - m)) <= u * Rabs (z k - m)) ->
  (forall k, tiny <= exp_f (d k)) -> tiny <= exp_f (d i) / sum_f (fun k => exp_f (d k)) t ->
  Rabs (s_f - softmax z i) <= K / (1 - K) * softmax z i.
Proof.
move=> s_f K once K1 zr dz et st.
rewrite -(softmax_shift z (- m)).
have r0 : 0 <= r by apply: Rle_trans (Rabs_pos (z i - m)) (zr i).
have KK : K = 2 * (c * u + r * u) + (INR (depth t) + 1) * u by rewrite /K; ring.
have cu0 : 0 <= c * u by apply: Rmult_le_pos; lra.
have ru0 : 0 <= r * u by apply: Rmult_le_pos; lra.
have du0 : 0 <= (INR (depth t) + 1) * u.
  by apply: Rmult_le_pos; [have := pos_INR (depth t); lra | lra].
have cu1 : c * u <= 1 by lra.
have ru1 : r * u <= 1 by lra.
rewrite KK; apply: quotient; rewrite -?KK //; first by lra.
move=> k; apply: (@within_trans _ _ _ (exp (d k))); try lra.
- by have := et k; lra.
- exact/Rlt_le/exp_pos.
- exact/Rlt_le/exp_pos.
- by apply: within_relative (exp_model (et k)); [lra | apply/Rlt_le/exp_pos].
have /Rabs_le_between near : Rabs (d k - (z k - m)) <= r * u.
  by apply: Rle_trans (dz k) _; rewrite Rmult_comm; apply: Rmult_le_compat_r; [lra | apply: zr].
have factor a b : a - b <= r * u -> (1 - r * u) * exp a <= exp b.
  move=> ab; apply: (Rle_trans _ (exp (- (r * u)) * exp a)).
    apply: Rmult_le_compat_r; first exact/Rlt_le/exp_pos.
    by have := exp_ineq1_le (- (r * u)); lra.
  by rewrite -exp_plus; apply: exp_le; lra.
by split; apply: factor; lra.
Qed.

(* However the sum is made: exponentials e with a relative error of a, and a total that is off by b
   from the sum of these.  So cecore does it. *)
Theorem any_sum n (z e : 'R^n) (total a b : R) (i : 'I_n) :
  let K := 2 * a + b + u in
  0 <= a -> 0 <= b -> K < 1 ->
  (forall k, tiny <= e k) -> (forall k, within a (e k) (exp (z k))) ->
  0 < total -> within b total (\sum_k e k) -> tiny <= e i / total ->
  Rabs (rnd (e i / total) - softmax z i) <= K / (1 - K) * softmax z i.
Proof.
move=> K a0 b0 K1 et near t0 sum_near st; rewrite /K in K1.
have S0 := S_gt0 z i; have s0 := softmax_gt0 z i; have e0 := exp_pos (z i); have ei := et i.
have E0 : 0 < \sum_k e k by apply: (sum_gt0 i) => k; have := et k; lra.
have sums : within a (\sum_k e k) (\sum_k exp (z k)).
  by split; rewrite -sum_scale; apply: sum_le => k _; case: (near k).
have all_of_it : within (b + a) total (\sum_k exp (z k)).
  by apply: (within_trans _ _ _ _ _ sum_near sums); lra.
have quot : within (a + (b + a)) (e i / total) (softmax z i).
  apply: within_mul => //; try lra; try (apply/Rlt_le/Rinv_0_lt_compat; lra).
  by apply: within_inv => //; lra.
apply: within_error; try (rewrite /K; lra).
  by have := rnd_ge st; lra.
have -> : K = u + (a + (b + a)) by rewrite /K; ring.
apply: (@within_trans _ _ _ (e i / total)) => //; try lra.
- by have := rnd_ge st; lra.
exact: rnd_within.
Qed.

End Model.
