(* The chapter "Training": what it needs, and then its statements. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Statements Softmax SoftmaxDerivative CrossEntropy CombinedGradient Stability.
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

(* A matrix of r rows and c columns *)
Notation matrix r c := ('I_r -> 'R^c).

Lemma put_at_same r c (M : matrix r c) k j k' j' : put_at M k j (M k j) k' j' = M k' j'.
Proof. by rewrite /put_at; case: eqP => [->|//]; rewrite put_same. Qed.

Lemma put_at_moves r c (M : matrix r c) k j k' j' :
  is_derive (fun t => put_at M k j t k' j') (M k j) (delta k' k * delta j' j).
Proof.
rewrite /put_at {1}/delta; case: eqP => _; first by rewrite Rmult_1_l; apply: put_moves.
by rewrite Rmult_0_l; apply: is_derive_const.
Qed.

Lemma tanh_slope x : is_derive tanh x (1 - tanh x ^ 2).
Proof.
have c0 t : cosh t <> 0 by rewrite /cosh; have := exp_pos t; have := exp_pos (- t); lra.
have := c0 x; rewrite /tanh /sinh /cosh => cx; auto_derive; first by lra.
by field; lra.
Qed.

Section Network.
(* N examples of d pixels, m hidden units, n classes *)
Variables (N d m n : nat).
Variables (X : matrix N d) (Y : matrix N n) (bias : 'R^m) (const : 'R^n).
Hypothesis N0 : (0 < N)%N.
Hypothesis Y_sum : forall b, \sum_i Y b i = 1.

Definition hidden (U : matrix d m) b k := tanh (\sum_l X b l * U l k + bias k).
Definition logits (U : matrix d m) (W : matrix m n) b : 'R^n :=
  fun j => \sum_k hidden U b k * W k j + const j.
Definition mean_loss U W := (\sum_b loss (Y b) (logits U W b)) / INR N.

Variables (U : matrix d m) (W : matrix m n).
Notation H := (hidden U).
Definition G b j := (softmax (logits U W b) j - Y b j) / INR N.

Lemma mean_loss_along (Z : R -> matrix N n) x (dZ : matrix N n) :
  (forall b j, is_derive (fun t => Z t b j) x (dZ b j)) ->
  is_derive (fun t => (\sum_b loss (Y b) (Z t b)) / INR N) x
    (\sum_b \sum_j (softmax (Z x b) j - Y b j) / INR N * dZ b j).
Proof.
move=> moves.
have Nn : INR N <> 0 by apply/not_0_INR/eqP; rewrite -lt0n.
apply: (is_derive_ext (fun t => \sum_b / INR N * loss (Y b) (Z t b))) => [t|].
  by rewrite sum_scale; apply: Rmult_comm.
apply: is_derive_sum => b; evar_last.
  by apply: is_derive_scal; apply: loss_along; apply: moves.
set s := softmax (Z x b); set a := \sum_k s k * dZ b k.
rewrite (eq_bigr (fun j => a * Y b j - Y b j * dZ b j)) => [|j _]; last by ring.
rewrite sum_minus sum_scale Y_sum.
rewrite [RHS](eq_bigr (fun j => / INR N * (s j * dZ b j - Y b j * dZ b j))) => [|j _]; last by field.
by rewrite sum_scale sum_minus -/a; ring.
Qed.

Theorem above k j :
  is_derive (fun t => mean_loss U (put_at W k j t)) (W k j) (\sum_b H b k * G b j).
Proof.
evar_last.
  apply: (@mean_loss_along (fun t => logits U (put_at W k j t)) _
    (fun b j' => \sum_k' H b k' * (delta k' k * delta j' j) + 0)) => b j'.
  apply: is_derive_plus; last exact: is_derive_const.
  by apply: is_derive_sum => k'; apply: is_derive_scal; apply: put_at_moves.
apply: eq_bigr => b _.
rewrite (eq_bigr (fun j' => H b k * G b j' * delta j' j)) => [|j' _]; first exact: sum_delta.
rewrite Rplus_0_r (eq_bigr (fun k' => delta j' j * H b k' * delta k' k)) => [|k' _]; last by ring.
rewrite sum_delta /G; set a := softmax _ j'; set a' := softmax _ j'.
suff -> : a = a' by rewrite /Rdiv; ring.
apply: softmax_ext => i; rewrite /logits; congr (_ + _).
by apply: eq_bigr => k' _; rewrite put_at_same.
Qed.

Theorem below l k :
  is_derive (fun t => mean_loss (put_at U l k t) W) (U l k)
    (\sum_b X b l * ((\sum_j G b j * W k j) * (1 - H b k ^ 2))).
Proof.
have same b k' : hidden (put_at U l k (U l k)) b k' = H b k'.
  by rewrite /hidden; congr (tanh (_ + _)); apply: eq_bigr => l' _; rewrite put_at_same.
have moves b k' : is_derive (fun t => hidden (put_at U l k t) b k') (U l k)
    (X b l * (1 - H b k ^ 2) * delta k' k).
  evar_last.
    apply: (is_derive_comp tanh); first exact: tanh_slope.
    apply: is_derive_plus; last exact: is_derive_const.
    by apply: is_derive_sum => l'; apply: is_derive_scal; apply: put_at_moves.
  rewrite -[tanh _]/(hidden (put_at U l k (U l k)) b k') same /scal /plus /zero /= /mult /=.
  rewrite (eq_bigr (fun l' => delta k' k * X b l' * delta l' l)) => [|l' _]; last by ring.
  by rewrite sum_delta /delta; case: eqP => [->|_]; ring.
evar_last.
  apply: (@mean_loss_along (fun t => logits (put_at U l k t) W) _
    (fun b j => \sum_k' W k' j * (X b l * (1 - H b k ^ 2) * delta k' k) + 0)) => b j.
  apply: is_derive_plus; last exact: is_derive_const.
  apply: is_derive_sum => k'.
  apply: (is_derive_ext (fun t => W k' j * hidden (put_at U l k t) b k')) => [t|].
    exact: Rmult_comm.
  by apply: is_derive_scal; apply: moves.
apply: eq_bigr => b _.
transitivity (\sum_j X b l * (1 - H b k ^ 2) * (G b j * W k j)); last by rewrite sum_scale; ring.
apply: eq_bigr => j _; rewrite Rplus_0_r.
rewrite (eq_bigr (fun k' => W k' j * (X b l * (1 - H b k ^ 2)) * delta k' k)) => [|k' _].
  rewrite sum_delta /G; set a := softmax _ j; set a' := softmax _ j.
  suff -> : a = a' by rewrite /Rdiv; ring.
  apply: softmax_ext => i; rewrite /logits; congr (_ + _).
  by apply: eq_bigr => k' _; rewrite same.
by ring.
Qed.

(* B21, thm-shares *)
Theorem shares j :
  \sum_b G b j = (\sum_b softmax (logits U W b) j) / INR N - (\sum_b Y b j) / INR N.
Proof. by rewrite /G sum_div sum_minus /Rdiv; ring. Qed.

End Network.

(* By a constant that is added to the logits of class j, this sum is the gradient. *)
Theorem constants N d m n (X : matrix N d) (Y : matrix N n) bias (const : 'R^n) U
    (W : matrix m n) j :
  (0 < N)%N -> (forall b, \sum_i Y b i = 1) ->
  is_derive (fun t => mean_loss X Y bias (put const j t) U W) (const j)
    (\sum_b G X Y bias const U W b j).
Proof.
move=> N0 Y_sum; evar_last.
  apply: (@mean_loss_along N n Y N0 Y_sum (fun t => logits X bias (put const j t) U W) _
    (fun b j' => 0 + delta j' j)) => b j'.
  by apply: is_derive_plus; [apply: is_derive_const | apply: put_moves].
apply: eq_bigr => b _.
rewrite (eq_bigr (fun j' => G X Y bias const U W b j' * delta j' j)) => [|j' _]; first exact: sum_delta.
rewrite Rplus_0_l; congr (_ * _); rewrite /G; congr ((_ - _) / _).
by apply: softmax_ext => i; rewrite /logits put_same.
Qed.

(* By the constant of a hidden unit: it is a weight whose input is always 1. *)
Theorem below_bias N d m n (X : matrix N d) (Y : matrix N n) (bias : 'R^m) (const : 'R^n) U
    (W : matrix m n) k :
  (0 < N)%N -> (forall b, \sum_i Y b i = 1) ->
  is_derive (fun t => mean_loss X Y (put bias k t) const U W) (bias k)
    (\sum_b (\sum_j G X Y bias const U W b j * W k j) * (1 - hidden X bias U b k ^ 2)).
Proof.
move=> N0 Y_sum; pose H := hidden X bias U.
have same b k' : hidden X (put bias k (bias k)) U b k' = H b k' by rewrite /H /hidden put_same.
have moves b k' : is_derive (fun t => hidden X (put bias k t) U b k') (bias k)
    ((1 - H b k ^ 2) * delta k' k).
  evar_last.
    apply: (is_derive_comp tanh); first exact: tanh_slope.
    by apply: is_derive_plus; [exact: is_derive_const | exact: put_moves].
  rewrite -[tanh _]/(hidden X (put bias k (bias k)) U b k') same /scal /plus /zero /= /mult /=.
  by rewrite /delta; case: eqP => [->|_]; ring.
evar_last.
  apply: (@mean_loss_along N n Y N0 Y_sum (fun t => logits X (put bias k t) const U W) _
    (fun b j => \sum_k' W k' j * ((1 - H b k ^ 2) * delta k' k) + 0)) => b j.
  apply: is_derive_plus; last exact: is_derive_const.
  apply: is_derive_sum => k'.
  apply: (is_derive_ext (fun t => W k' j * hidden X (put bias k t) U b k')) => [t|].
    exact: Rmult_comm.
  by apply: is_derive_scal; apply: moves.
apply: eq_bigr => b _; rewrite -sum_scaler; apply: eq_bigr => j _; rewrite Rplus_0_r.
rewrite (eq_bigr (fun k' => W k' j * (1 - H b k ^ 2) * delta k' k)) => [|k' _]; last by ring.
rewrite sum_delta /G; set a := softmax _ j; set a' := softmax _ j.
suff -> : a = a' by rewrite /H /Rdiv; ring.
by apply: softmax_ext => i; rewrite /logits; congr (_ + _); apply: eq_bigr => k' _; rewrite same.
Qed.

(* What the chapter says *)

Theorem eq_tanh : Statement.eq_tanh.
Proof.
move=> a; have pos : 0 < exp a + exp (- a) by have := exp_pos a; have := exp_pos (- a); lra.
have [|e ->] := both (f := fun a => Statement.tanha a) (x := a) (l :=
  ((exp a + exp (- a)) ^ 2 - (exp a - exp (- a)) ^ 2) / (exp a + exp (- a)) ^ 2).
  by rewrite /Statement.tanha; auto_derive => /=; [lra | field; lra].
all => //; try (apply: Rgt_not_eq; nra).
by rewrite /Statement.tanh2a /Statement.tanha; field; lra.
Qed.

Lemma net_along n (y : 'R^n) (Z : R -> 'R^n) x dZ : \sum_m y m = 1 ->
  (forall i, is_derive (fun t => Z t i) x (dZ i)) ->
  is_derive (fun t => \sum_m y m * (LSE (Z t) - Z t m)) x
    (\sum_i (softmax (Z x) i - y i) * dZ i).
Proof.
move=> one moves; apply: (is_derive_ext (fun t => loss y (Z t))) => [t|]; first exact: loss_LSE.
evar_last; first exact: loss_along moves.
set a := \sum_k softmax (Z x) k * dZ k.
rewrite [in LHS](eq_bigr (fun i => a * y i - y i * dZ i)) => [|i _]; last by ring.
rewrite sum_minus sum_scale one Rmult_1_r -sum_minus; apply: eq_bigr => i _; ring.
Qed.

Theorem eq_weight_above : Statement.eq_weight_above.
Proof.
move=> n w y z j h one.
have moves i : is_derive (fun t => Statement.z_hw (put w j t) z i h) (w j) (h * delta i j).
  apply: (is_derive_ext (fun t => z i + h * put w j t i)) => [t|].
    by rewrite /Statement.z_hw /=; ring.
  evar_last.
    by apply: is_derive_plus; [apply: is_derive_const | apply: is_derive_scal; apply: put_moves].
  by rewrite /plus /zero /=; ring.
have [e1 d1] := both (moves j); have [e2 d2] := both (net_along one moves).
all => // *; try positive j; rewrite ?d1 ?delta_same; last by ring.
rewrite [LHS]d2 (eq_bigr (fun i => h * (Statement.s_hw w z i h - y i) * delta i j)) => [|i _].
  by rewrite sum_delta; ring.
rewrite (_ : softmax _ i = Statement.s_hw w z i h); first by ring.
by apply: (@softmax_ext _ _ (fun i => Statement.z_hw w z i h)) => k; rewrite /Statement.z_hw put_same.
Qed.

Theorem eq_hidden : Statement.eq_hidden.
Proof.
move=> n w y z h n0 one; have k := Ordinal n0.
have moves i : is_derive (fun h => Statement.z_hw w z i h) h (w i).
  by rewrite /Statement.z_hw; auto_derive => //=; ring.
have [e d] := both (net_along one moves).
have step : \sum_j (Statement.s_hw w z j h - y j) * Derive (fun h => Statement.z_hw w z j h) h
    = \sum_j (Statement.s_hw w z j h - y j) * w j.
  by apply: eq_bigr => j _; have [_ ->] := both (moves j).
all => // [m||j|]; try positive k; first by case: (both (moves j)).
by rewrite step.
Qed.

Theorem eq_weight_below : Statement.eq_weight_below.
Proof.
move=> n w y z c u x n0 one; have k := Ordinal n0.
have before : is_derive (fun u => Statement.a_ c u x) u x.
  by rewrite /Statement.a_; auto_derive => //=; ring.
have unit : is_derive (fun u => Statement.h_ c u x) u ((1 - Statement.h_ c u x ^ 2) * x).
  evar_last; first by apply: (is_derive_comp tanh); [apply: tanh_slope | apply: before].
  by rewrite /scal /= /mult /= Rmult_comm.
have moves i : is_derive (fun u => Statement.z_cuxw w z i c u x) u
    (w i * ((1 - Statement.h_ c u x ^ 2) * x)).
  evar_last.
    by apply: is_derive_plus; [apply: is_derive_const | apply: is_derive_scal; apply: unit].
  by rewrite /plus /zero /=; ring.
have [e1 d1] := both before; have [e2 d2] := both unit; have [e3 d3] := both (net_along one moves).
all => // *; try positive k; rewrite ?d1 ?d2 //.
rewrite [LHS]d3 /Statement.dL_dh -sum_scaler; apply: eq_bigr => i _.
by rewrite -[softmax _ i]/(Statement.s_cuxw w z i c u x); ring.
Qed.

Theorem eq_variance : Statement.eq_variance.
Proof.
move=> n v z n0; have one := softmax_sum z n0; have by_z l m := both (jacobian z l m).
have e := curvature z v one.
have s1 : Statement.vTJv v z = \sum_i \sum_j v i * (softmax z i * (delta i j - softmax z j)) * v j.
  by apply: eq_bigr => i _; apply: eq_bigr => j _; have [_ ->] := by_z i j.
have s3 : \sum_i softmax z i * v i ^ 2 - Statement.barv (softmax z) v ^ 2
    = \sum_i softmax z i * (v i - Statement.barv (softmax z) v) ^ 2.
  have := variance_squares v 0 one.
  rewrite (eq_bigr (fun i => softmax z i * v i ^ 2)) => [->|i _]; last by ring.
  by rewrite /variance -/(mean (softmax z) v) -[Statement.barv _ _]/(mean (softmax z) v); ring.
all => // [l m|]; first by case: (by_z l m).
by rewrite -s1 s3.
Qed.

Lemma family_slope n (t : 'R^n) theta : (0 < n)%N ->
  is_derive (fun theta => Statement.LSE_thetat t theta) theta
    (\sum_i Statement.s_thetat t i theta * t i).
Proof.
move=> n0; apply: (@LSE_along _ (fun theta i => theta * t i)) => // i.
by auto_derive => //=; ring.
Qed.

Theorem eq_expected : Statement.eq_expected.
Proof.
move=> n t theta n0; have k := Ordinal n0; have [e ->] := both (family_slope t theta n0).
have step : (\sum_i t i * exp (theta * t i)) / (\sum_i exp (theta * t i))
    = \sum_i Statement.s_thetat t i theta * t i.
  by rewrite -sum_div; apply: eq_bigr => i _; rewrite /Statement.s_thetat /Rdiv; ring.
by all => //; try positive k.
Qed.

Theorem eq_observed : Statement.eq_observed.
Proof.
move=> n t k theta; have slope := family_slope t theta (class_some k).
have gap : is_derive (fun theta => Statement.LSE_thetat t theta - theta * t k) theta
    (\sum_i Statement.s_thetat t i theta * t i - t k).
  apply: is_derive_minus => //; evar_last; first exact: is_derive_scal_l (is_derive_id _).
  by rewrite /scal /one /= /mult /=; ring.
have [e1 d1] := both gap.
have [|e2 d2] := both (f := fun theta => - ln (Statement.s_thetat t k theta)) (x := theta)
    (l := \sum_i Statement.s_thetat t i theta * t i - t k).
  apply: is_derive_ext gap => a /=; rewrite -[Statement.s_thetat t k a]/(softmax (fun i => a * t i) k).
  by rewrite ln_softmax -[Statement.LSE_thetat t a]/(LSE (fun i => a * t i)); ring.
by all => //; try positive k; rewrite d1 d2.
Qed.

Lemma examples_n N : Statement.examples N = INR N.
Proof. by rewrite /Statement.examples sum_equal; ring. Qed.

Section Backpropagation.
Variables (N D M n : nat) (b : 'R^M) (c : 'R^n) (X : 'I_N -> 'R^D) (Y : 'I_N -> 'R^n).
Hypotheses (N0 : (0 < N)%N) (Y1 : forall r, \sum_m Y r m = 1).

Lemma examples_ne : Statement.examples N <> 0.
Proof. by rewrite examples_n; apply/not_0_INR/eqP; rewrite -lt0n. Qed.

Lemma cost_is (b' : 'R^M) (c' : 'R^n) (U : 'I_D -> 'R^M) (W : 'I_M -> 'R^n) : Statement.barL_UWXY b' c' U W X Y = mean_loss X Y b' c' U W.
Proof. by rewrite /Statement.barL_UWXY examples_n. Qed.

Lemma G_is (U : 'I_D -> 'R^M) (W : 'I_M -> 'R^n) r j : Statement.G_UWXY b c U W X Y j r = G X Y b c U W r j.
Proof. by rewrite /Statement.G_UWXY examples_n. Qed.

Lemma dL_dA_is (U : 'I_D -> 'R^M) (W : 'I_M -> 'R^n) r g : Statement.dL_dA b c U W X Y g r
  = (\sum_j G X Y b c U W r j * W g j) * (1 - hidden X b U r g ^ 2).
Proof. by rewrite /Statement.dL_dA; congr (_ * _); apply: eq_bigr => j _; rewrite G_is. Qed.

Lemma by_c (U : 'I_D -> 'R^M) (W : 'I_M -> 'R^n) j : is_derive (fun t => Statement.barL_UWXY b (put c j t) U W X Y) (c j)
  (\sum_r Statement.G_UWXY b c U W X Y j r).
Proof.
apply: (is_derive_ext (fun t => mean_loss X Y b (put c j t) U W)) => [t|].
  by rewrite cost_is.
evar_last; first exact: constants.
by apply: eq_bigr => r _; rewrite G_is.
Qed.
End Backpropagation.

Theorem thm_backpropagation : Statement.thm_backpropagation.
Proof.
move=> D M N n b c U W X Y Z f g j r Y1; have N0 := class_some r.
have ne := examples_ne N0.
have [|eZ ->] := both (f := fun t => Statement.barL Y (put_at Z r j t)) (x := Z r j)
    (l := Statement.G Y Z j r).
  apply: (is_derive_ext (fun t => (\sum_o loss (Y o) (put_at Z r j t o)) / INR N)) => [t|].
    by rewrite /Statement.barL examples_n.
  evar_last; first by apply: (mean_loss_along N0 Y1) => o m; apply: put_at_moves.
  have same o m : softmax (put_at Z r j (Z r j) o) m = softmax (Z o) m.
    by apply: softmax_ext => k; rewrite put_at_same.
  rewrite (eq_bigr (fun o => (softmax (Z o) j - Y o j) / INR N * delta o r)) => [|o _].
    by rewrite sum_delta /Statement.G examples_n.
  rewrite (eq_bigr (fun m => (softmax (Z o) m - Y o m) / INR N * delta o r * delta m j)).
    by rewrite sum_delta.
  by move=> m _; rewrite same; ring.
have [|eW ->] := both (f := fun t => Statement.barL_UWXY b c U (put_at W g j t) X Y)
    (x := W g j) (l := \sum_r Statement.H b U X g r * Statement.G_UWXY b c U W X Y j r).
  apply: (is_derive_ext (fun t => mean_loss X Y b c U (put_at W g j t))) => [t|].
    by rewrite cost_is.
  by evar_last; [apply: above | apply: eq_bigr => o _; rewrite G_is].
have [ec ->] := both (by_c b c X N0 Y1 U W j).
have [|eU ->] := both (f := fun t => Statement.barL_UWXY b c (put_at U f g t) W X Y)
    (x := U f g) (l := \sum_r X r f * Statement.dL_dA b c U W X Y g r).
  apply: (is_derive_ext (fun t => mean_loss X Y b c (put_at U f g t) W)) => [t|].
    by rewrite cost_is.
  by evar_last; [apply: below | apply: eq_bigr => o _; rewrite dL_dA_is].
have [|eb ->] := both (f := fun t => Statement.barL_UWXY (put b g t) c U W X Y)
    (x := b g) (l := \sum_r Statement.dL_dA b c U W X Y g r).
  apply: (is_derive_ext (fun t => mean_loss X Y (put b g t) c U W)) => [t|].
    by rewrite cost_is.
  by evar_last; [apply: below_bias | apply: eq_bigr => o _; rewrite dL_dA_is].
by all => // *; positive j.
Qed.

Theorem thm_shares : Statement.thm_shares.
Proof.
move=> D M N n b c U W X Y j N0 Y1; have [e ->] := both (by_c b c X N0 Y1 U W j).
have sums : \sum_r Statement.G_UWXY b c U W X Y j r
    = (\sum_r Statement.s_UWX b c U W X j r) / Statement.examples N
      - (\sum_r Y r j) / Statement.examples N.
  by rewrite /Statement.G_UWXY sum_div sum_minus /Rdiv; ring.
by all; try (by intros; positive j); try exact: examples_ne; rewrite ?sums // => *; lra.
Qed.

Theorem thm_hessian : Statement.thm_hessian.
Proof.
move=> n v y z i j one; have by_z l m := both (jacobian z l m).
have [eL _] := both (gradient_any z j one); have [e2 d2] := both (hessian z one i j).
all; try (by move=> *; apply: (proj1 (by_z _ _))); try by move=> m; apply: softmax_gt0.
- exact: eL.
- exact: e2.
- exact: d2.
by apply: curvature_ge0; apply: softmax_sum (some one).
Qed.

Theorem thm_convex : Statement.thm_convex.
Proof.
move=> n v y z n0 one; have k := Ordinal n0.
have up := @loss_convex n z y v one; have down := @loss_smooth n z y v one
  (smallest v) (largest v) (fun i => conj (smallest_le v i) (largest_ge v i)).
rewrite -[Statement.L_moved v y z]/(loss y (fun i => z i + v i))
  -[Statement.L (softmax z) y]/(loss y z).
rewrite -[Statement.maxv v]/(largest v) -[Statement.minv v]/(smallest v).
by all; try (by intros; positive k); lra.
Qed.

(* B32, thm-means *)
Theorem thm_means : Statement.thm_means.
Proof.
move=> n v A B n0 [k kA] [l lB] dis.
have some_in (C : {set 'I_n}) i : i \in C -> 0 < INR #|C|.
  by move=> iC; apply: lt_0_INR; apply/ltP/card_gt0P; exists i.
have A0 := some_in A k kA; have B0 := some_in B l lB.
have both : INR #|A :|: B| = INR #|A| + INR #|B|.
  by rewrite cardsU disjoint_setI0 // cards0 subn0 plus_INR.
have -> : \sum_(k in A :|: B) v k = \sum_(k in A) v k + \sum_(k in B) v k.
  by rewrite (eq_bigl (fun i => (i \in A) || (i \in B))) => [|i]; [rewrite bigU | rewrite in_setU].
by rewrite both; do !split; try field; lra.
Qed.

(* B33, thm-soft-maximum *)
Lemma shortfall n (p z : 'R^n) : distribution p ->
  KL p (softmax z) = LSE z - (\sum_i p i * z i + entropy p).
Proof.
move=> pd; have s0 i := softmax_gt0 z i.
have abs : possible p (softmax z) by move=> i e; have := s0 i; lra.
have z_dist : distribution (softmax z).
  by split=> [i|]; [apply/Rlt_le | apply: softmax_sum (some pd.2)].
suff : cross_entropy p (softmax z) = LSE z - \sum_i p i * z i.
  by rewrite (decomposition pd z_dist abs); lra.
rewrite /cross_entropy (eq_bigr (fun i => p i * z i - LSE z * p i)) => [|i _].
  by rewrite sum_minus sum_scale pd.2; ring.
by rewrite ln_softmax; ring.
Qed.

Theorem eq_shortfall : Statement.eq_shortfall.
Proof.
move=> n p z n0 p0 one; have s0 i := softmax_gt0 z i.
all => //; try (by move=> i; apply: Rgt_not_eq); try (by move=> i; apply: Rdiv_lt_0_compat).
- by positive (Ordinal n0).
- by apply: eq_bigr => i _; rewrite ln_div.
- by apply: eq_bigr => i _; rewrite ln_softmax /LSE /Statement.LSE; ring.
rewrite (eq_bigr (fun i => p i * ln (p i) - p i * z i + Statement.LSE z * p i)) => [|i _].
  by rewrite sum_split sum_minus sum_scale one /Statement.H_p; ring.
by ring.
Qed.

Theorem thm_soft_maximum : Statement.thm_soft_maximum.
Proof.
move=> n p z n0 p0 one; have pd : distribution p by []. have s0 i := softmax_gt0 z i.
have abs : possible p (softmax z) by move=> i e; have := s0 i; lra.
have z_dist : distribution (softmax z).
  by split=> [i|]; [apply/Rlt_le | apply: softmax_sum].
have gap := shortfall z pd; have le := gibbs pd z_dist abs; have same := gibbs_equal pd z_dist abs.
rewrite -[Statement.H_p p]/(entropy p) -[Statement.LSE z]/(LSE z).
all; try (by positive (Ordinal n0)); first by move=> m ne; case: (p0 m) => // e; case: ne.
  by lra.
by split=> [e|/same e]; [apply/same | ]; lra.
Qed.
