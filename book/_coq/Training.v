(* The chapter "Training". *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Derivative CrossEntropy Gradient.
Set Implicit Arguments.
Unset Strict Implicit.

Definition mean n (w u : 'R^n) := \sum_i w i * u i.
Definition variance n (w u : 'R^n) := \sum_i w i * (u i - mean w u) ^ 2.

Lemma variance_squares n (w u : 'R^n) c : \sum_i w i = 1 ->
  \sum_i w i * (u i - c) ^ 2 = variance w u + (mean w u - c) ^ 2.
Proof.
move=> one.
have square d : \sum_i w i * (u i - d) ^ 2 = \sum_i w i * u i ^ 2 - 2 * d * mean w u + d ^ 2.
  rewrite (eq_bigr (fun i => w i * u i ^ 2 - 2 * d * (w i * u i) + d ^ 2 * w i)).
    by rewrite sum_split sum_minus !sum_scale one -/(mean w u); ring.
  by move=> i _; ring.
by rewrite /variance !square; ring.
Qed.

Lemma variance_ge0 n (w u : 'R^n) : (forall i, 0 <= w i) -> 0 <= variance w u.
Proof. by move=> w0; apply: sum_ge0 => i _; apply: Rmult_le_pos (pow2_ge_0 _). Qed.

(* Popoviciu: numbers between a and b have a variance of (b - a)^2 / 4 at most. *)
Lemma variance_le n (w u : 'R^n) a b : distribution w -> (forall i, a <= u i <= b) ->
  variance w u <= (b - a) ^ 2 / 4.
Proof.
move=> [w0 one] ab; have := variance_squares u ((a + b) / 2) one.
have : \sum_i w i * (u i - (a + b) / 2) ^ 2 <= \sum_i w i * ((b - a) ^ 2 / 4).
  by apply: sum_le => i _; apply: Rmult_le_compat_l => //; have := ab i; nra.
rewrite (sum_scaler ((b - a) ^ 2 / 4) w) one.
by have := pow2_ge_0 (mean w u - (a + b) / 2); lra.
Qed.

Lemma softmax_dist n (z : 'R^n) : (0 < n)%N -> distribution (softmax z).
Proof. by move=> n0; split; [move=> i; apply/Rlt_le/softmax_gt0 | apply: softmax_sum]. Qed.

Section Hessian.
Variables (n : nat) (z y v : 'R^n).
Hypothesis y_sum : \sum_i y i = 1.
Notation s := (softmax z).

(* B18, thm-hessian *)
Theorem hessian i j :
  d/dz_i (fun z => Derive (fun t => loss y (put z j t)) (z j)) at z is (J z i j).
Proof.
apply: (is_derive_ext (fun t => softmax (put z i t) j - (fun=> y j) t)) => [t|].
  by apply/esym/is_derive_unique/gradient_any.
evar_last.
  by apply: is_derive_minus; [apply: jacobian | apply: is_derive_const].
by rewrite J_symmetric J_is /minus /plus /opp /zero /=; ring.
Qed.

Theorem curvature : \sum_i \sum_j v i * J z i j * v j = variance s v.
Proof.
have := variance_squares v 0 (softmax_sum z (some y_sum)).
rewrite (eq_bigr (fun i => s i * v i ^ 2)) => [square|i _]; last by ring.
suff : \sum_i \sum_j v i * J z i j * v j = \sum_i s i * v i ^ 2 - mean s v ^ 2.
  by simpl in *; lra.
rewrite (eq_bigr (fun i => s i * v i ^ 2 - mean s v * (s i * v i))) => [|i _].
  by rewrite sum_minus sum_scale -/(mean s v); ring.
rewrite (eq_bigr (fun j => s i * v i * (v j * delta j i) - s i * v i * (s j * v j))).
  by rewrite sum_minus !sum_scale sum_delta -/(mean s v); ring.
by move=> j _; rewrite J_is delta_sym; ring.
Qed.

Theorem curvature_ge0 : 0 <= \sum_i \sum_j v i * J z i j * v j.
Proof. by rewrite curvature; apply: variance_ge0 => i; apply/Rlt_le/softmax_gt0. Qed.

End Hessian.

Lemma slope_along n (z : R -> 'R^n) x (v : 'R^n) : (0 < n)%N ->
  (forall i, is_derive (fun t => z t i) x (v i)) ->
  is_derive (fun t => mean (softmax (z t)) v) x (variance (softmax (z x)) v).
Proof.
move=> n0 moves; set s := softmax (z x).
have one : \sum_i s i = 1 by apply: softmax_sum.
evar_last.
  apply: is_derive_sum => i; apply: (is_derive_ext (fun t => v i * softmax (z t) i)) => [t|].
    exact: Rmult_comm.
  by apply: is_derive_scal; apply: softmax_along.
have := variance_squares v 0 one; rewrite -/s -/(mean s v) Rminus_0_r => squares.
suff : \sum_i v i * (s i * (v i - mean s v)) = \sum_i s i * (v i - 0) ^ 2 - mean s v ^ 2 by lra.
rewrite (eq_bigr (fun i => s i * (v i - 0) ^ 2 - mean s v * (s i * v i))) => [|i _]; last by ring.
by rewrite sum_minus sum_scale -/(mean s v); ring.
Qed.

(* A function of which the second derivative is at most M, from 0 to 1. *)
Lemma second_order (g g' g'' : R -> R) M :
  (forall t, is_derive g t (g' t)) -> (forall t, is_derive g' t (g'' t)) ->
  (forall t, g'' t <= M) -> g 1 <= g 0 + g' 0 + M / 2.
Proof.
move=> d1 d2 le_M.
pose poly t := g' 0 * t + M / 2 * t ^ 2.
pose h t := g t - poly t; pose h' t := g' t - (g' 0 + M * t).
have dh t : is_derive h t (h' t).
  by apply: is_derive_minus => //; rewrite /poly; auto_derive => //; field.
have [c [hc c01]] : exists c, h 1 - h 0 = h' c * (1 - 0) /\ 0 < c < 1.
  by apply: MVT_cor2 => [|c _]; [lra | apply/is_derive_Reals].
have [e [ge e0c]] : exists e, g' c - g' 0 = g'' e * (c - 0) /\ 0 < e < c.
  by apply: MVT_cor2 => [|t _]; [lra | apply/is_derive_Reals].
move: hc; rewrite /h /h' /poly; have := le_M e; nra.
Qed.

(* B19, thm-convex *)
Section Convex.
Variables (n : nat) (z y v : 'R^n).
Hypothesis y_sum : \sum_i y i = 1.
Notation s := (softmax z).
Let n0 := some y_sum.

Let z_t t : 'R^n := fun i => z i + t * v i.
Let g t := loss y (z_t t).
Let g' t := mean (softmax (z_t t)) v - mean y v.
Let g'' t := variance (softmax (z_t t)) v.

Lemma z_t_moves x i : is_derive (fun t => z_t t i) x (v i).
Proof. by rewrite /z_t; auto_derive => //; ring. Qed.

Lemma g_moves t : is_derive g t (g' t).
Proof.
evar_last; first by apply: loss_along => i; apply: z_t_moves.
rewrite (eq_bigr (fun i => mean (softmax (z_t t)) v * y i - y i * v i)) => [|i _]; last first.
  by rewrite /mean; ring.
by rewrite sum_minus sum_scale y_sum /g' /mean; ring.
Qed.

Lemma g'_moves t : is_derive g' t (g'' t).
Proof.
evar_last.
  apply: is_derive_minus; last exact: is_derive_const.
  by apply: slope_along => //; apply: z_t_moves.
by rewrite /minus /plus /opp /zero /g'' /=; ring.
Qed.

Lemma z_0 i : softmax (z_t 0) i = s i.
Proof. by apply: softmax_ext => k; rewrite /z_t; ring. Qed.

Lemma loss_ext (w w' : 'R^n) : (forall k, w k = w' k) -> loss y w = loss y w'.
Proof.
by move=> e; rewrite /loss /cross_entropy; congr (- _); apply: eq_bigr => i _; rewrite (softmax_ext i e).
Qed.

Lemma ends : [/\ g 0 = loss y z, g 1 = loss y (fun i => z i + v i)
  & g' 0 = \sum_i (s i - y i) * v i].
Proof.
split; [| |rewrite /g' /mean -sum_minus]; last by apply: eq_bigr => i _; rewrite z_0; ring.
  by apply: loss_ext => k; rewrite /z_t; ring.
by apply: loss_ext => k; rewrite /z_t; ring.
Qed.

Theorem loss_convex :
  loss y z + \sum_i (s i - y i) * v i <= loss y (fun i => z i + v i).
Proof.
have [<- <- <-] := ends.
suff : - g 1 <= - g 0 + - g' 0 + 0 / 2 by lra.
apply: (@second_order (fun t => - g t) (fun t => - g' t) (fun t => - g'' t)).
- by move=> t; apply: is_derive_opp; apply: g_moves.
- by move=> t; apply: is_derive_opp; apply: g'_moves.
move=> t; have : 0 <= g'' t by apply: variance_ge0 => i; apply/Rlt_le/softmax_gt0.
lra.
Qed.

Theorem loss_smooth a b : (forall i, a <= v i <= b) ->
  loss y (fun i => z i + v i) <= loss y z + \sum_i (s i - y i) * v i + (b - a) ^ 2 / 8.
Proof.
move=> ab; have [<- <- <-] := ends.
suff : g 1 <= g 0 + g' 0 + (b - a) ^ 2 / 4 / 2 by lra.
apply: (second_order g_moves g'_moves) => t; apply: variance_le => //.
by apply: softmax_dist; apply: n0.
Qed.

End Convex.

(* B20, thm-family *)
Section Family.
Variables (n : nat) (t : 'R^n) (theta : R) (k : 'I_n).
Let z a : 'R^n := fun i => a * t i.
Notation s := (softmax (z theta)).

Lemma family_moves i : is_derive (fun a => z a i) theta (t i).
Proof. by rewrite /z; auto_derive => //; ring. Qed.

Theorem expected : is_derive (fun a => LSE (z a)) theta (\sum_i s i * t i).
Proof.
exact: LSE_along family_moves (class_some k).
Qed.

Theorem observed :
  is_derive (fun a => - ln (softmax (z a) k)) theta (\sum_i s i * t i - t k).
Proof.
apply: (is_derive_ext (fun a => LSE (z a) - z a k)) => [a|]; first by rewrite ln_softmax /=; ring.
by apply: is_derive_minus; [apply: expected | apply: family_moves].
Qed.

End Family.
