(* The chapter "The family": what it needs, and then its statements. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Statements Softmax SoftmaxDerivative CrossEntropy CombinedGradient Stability Training.
Set Implicit Arguments.
Unset Strict Implicit.

Section Variants.
Variables (n : nat) (z : 'R^n).
Implicit Types (i j k : 'I_n) (y : 'R^n).
Notation s := (softmax z).
Notation warm T z := (fun k => z k / T).

(* B22, thm-warm *)
Theorem gradient_warm y T j : T <> 0 -> \sum_i y i = 1 ->
  d/dz_j (fun z => loss y (warm T z)) at z is ((softmax (warm T z) j - y j) / T).
Proof.
move=> T0 one; evar_last.
  apply: (@loss_along _ y (fun t => warm T (put z j t)) (z j) (fun i => / T * delta i j)) => i.
  apply: (is_derive_ext (fun t => / T * put z j t i)) => [t|]; first exact: Rmult_comm.
  by apply: is_derive_scal; apply: put_moves.
have same i : softmax (warm T (put z j (z j))) i = softmax (warm T z) i.
  by apply: softmax_ext => k; rewrite put_same.
set q := softmax (warm T z); set q' := softmax _.
rewrite (eq_bigr (fun i => y i * (q j / T) - y i / T * delta i j)) => [|i _].
  by rewrite sum_minus sum_delta sum_scaler one; field.
rewrite (eq_bigr (fun k => / T * q' k * delta k j)) => [|k _]; last by ring.
by rewrite sum_delta /q' same -/q; field.
Qed.

(* B23, thm-smoothing *)
Definition smoothed y eps : 'R^n := fun i => (1 - eps) * y i + eps / INR n.

Theorem smoothed_loss y eps :
  loss (smoothed y eps) z = (1 - eps) * loss y z - eps / INR n * (\sum_i ln (s i)).
Proof.
rewrite /loss /cross_entropy /smoothed (eq_bigr (fun i =>
  (1 - eps) * (y i * ln (s i)) + eps / INR n * ln (s i))) => [|i _]; last by ring.
by rewrite sum_split !sum_scale; ring.
Qed.

Theorem smoothed_gradient y eps j : \sum_i y i = 1 ->
  d/dz_j (loss (smoothed y eps)) at z is (s j - (1 - eps) * y j - eps / INR n).
Proof.
move=> one; have n0 : INR n <> 0.
  by apply/not_0_INR/eqP; rewrite -lt0n; apply: class_some j.
evar_last; first apply: gradient_any; last by rewrite /smoothed; ring.
by rewrite sum_split sum_scale sum_equal one; field.
Qed.

(* B24, thm-distillation *)
Theorem distillation (p : 'R^n) T j : T <> 0 -> distribution p ->
  d/dz_j (fun z => T ^ 2 * KL p (softmax (warm T z))) at z is (T * (softmax (warm T z) j - p j)).
Proof.
move=> T0 pd; have n0 := class_some j.
apply: (is_derive_ext (fun t => T ^ 2 * (loss p (warm T (put z j t)) - entropy p))) => [t|].
  rewrite /loss (decomposition pd (softmax_dist _ n0)) /=; first by ring.
  by move=> i e; have := softmax_gt0 (warm T (put z j t)) i; lra.
evar_last.
  apply: is_derive_scal; apply: is_derive_minus; last exact: is_derive_const.
  exact: gradient_warm T0 pd.2.
by rewrite /minus /plus /opp /zero /=; field.
Qed.

Lemma lim_of_slope (f : R -> R) l : is_derive f 0 l -> f 0 = 0 ->
  is_lim (fun T => T * f (/ T)) p_infty l.
Proof.
move=> /is_derive_Reals df f0; apply/is_lim_spec => eps.
have [d near] := df eps (cond_pos eps); exists (/ d) => T dT.
have d0 := Rinv_0_lt_compat _ (cond_pos d); have T0 : 0 < T by lra.
have small : Rabs (/ T) < d.
  rewrite Rabs_pos_eq; last exact/Rlt_le/Rinv_0_lt_compat.
  by rewrite -(Rinv_inv d); apply: Rinv_lt_contravar => //; nra.
have := near (/ T) (Rinv_neq_0_compat _ _) small; rewrite Rplus_0_l f0 /Rdiv Rinv_inv.
by rewrite Rminus_0_r Rmult_comm; apply; lra.
Qed.

Definition average (u : 'R^n) := (\sum_i u i) / INR n.

Theorem distillation_limit (v : 'R^n) j :
  is_lim (fun T => T * (softmax (warm T z) j - softmax (warm T v) j)) p_infty
    (((z j - average z) - (v j - average v)) / INR n).
Proof.
pose cool (w : 'R^n) b : 'R^n := fun k => w k * b.
have moves w k : is_derive (fun b => cool w b k) 0 (w k) by rewrite /cool; auto_derive => //; ring.
have n0 : INR n <> 0 by apply/not_0_INR/eqP; rewrite -lt0n; apply: class_some j.
have flat w k : softmax (cool w 0) k = / INR n.
  rewrite (softmax_ext (z' := fun=> 0)) => [|l]; last by rewrite /cool; ring.
  by rewrite /softmax sum_equal exp_0; field.
apply: (lim_of_slope (f := fun b => softmax (cool z b) j - softmax (cool v b) j)); last first.
  by rewrite !flat; ring.
evar_last; first by apply: is_derive_minus; apply: softmax_along; apply: moves.
have sums w : \sum_k softmax (cool w 0) k * w k = average w.
  by rewrite /average -sum_div; apply: eq_bigr => k _; rewrite flat; field.
by rewrite !flat !sums /minus /plus /opp /=; field.
Qed.

(* B25, thm-class-weights *)
Theorem class_weights (w : 'R^n) y j :
  d/dz_j (fun z => - \sum_i w i * y i * ln (softmax z i)) at z is
    ((\sum_i w i * y i) * s j - w j * y j).
Proof. exact: (gradient_general z (fun i => w i * y i)). Qed.

Theorem class_weight (w : 'R^n) k j :
  d/dz_j (fun z => - \sum_i w i * delta i k * ln (softmax z i)) at z is
    (w k * (s j - delta j k)).
Proof.
evar_last; first exact: (gradient_general z (fun i => w i * delta i k)).
by rewrite sum_delta /delta; case: eqP => [->|_]; ring.
Qed.

(* B26, thm-weighted-mean *)
Theorem weighted_mean N (Z Y : 'I_N -> 'R^n) (w : 'R^N) b j :
  \sum_c w c <> 0 -> \sum_i Y b i = 1 ->
  is_derive
    (fun t => (\sum_c w c * loss (Y c) (if c == b then put (Z b) j t else Z c)) / (\sum_c w c))
    (Z b j) (w b * (softmax (Z b) j - Y b j) / (\sum_c w c)).
Proof.
move=> W0 one; set W := \sum_c w c in W0 *.
pose others := \sum_(c | c != b) w c * loss (Y c) (Z c).
apply: (is_derive_ext (fun t => w b / W * loss (Y b) (put (Z b) j t) + others / W)) => [t|].
  rewrite (sum_one b) eqxx /= /others.
  rewrite [in RHS](eq_bigr (fun c => w c * loss (Y c) (Z c))); first by rewrite /=; field.
  by move=> c /negbTE ->.
evar_last.
  apply: is_derive_plus; last exact: is_derive_const.
  by apply: is_derive_scal; apply: gradient_any one.
by rewrite /plus /zero /=; field.
Qed.

(* B27, thm-focal *)
Theorem focal gamma k j : (2 <= n)%N ->
  let phi := Rpower (1 - s k) gamma
    - gamma * s k * Rpower (1 - s k) (gamma - 1) * ln (s k) in
  d/dz_j (fun z => - (Rpower (1 - softmax z k) gamma * ln (softmax z k))) at z is
    (phi * (s j - delta j k)).
Proof.
move=> n2 phi.
have same : softmax (put z j (z j)) k = s k by apply: softmax_ext => i; apply: put_same.
have s0 := softmax_gt0 z k; have s1 := softmax_lt1 z k n2.
evar_last.
  apply: (is_derive_comp (fun a => - (Rpower (1 - a) gamma * ln a))); last exact: jacobian.
  by rewrite same /Rpower; auto_derive; first by split => //; lra.
have power : Rpower (1 - s k) (gamma - 1) = Rpower (1 - s k) gamma / (1 - s k).
  by rewrite /Rminus Rpower_plus Rpower_Ropp Rpower_1; lra.
rewrite /phi power /scal /= /mult /= delta_sym.
rewrite /Rpower -/(1 - s k); set e := exp _.
by rewrite /delta; case: eqP => [->|_]; field; lra.
Qed.

End Variants.

(* B28, thm-binary *)
Theorem binary y x : is_derive (fun x => - y * ln (sigma x) - (1 - y) * ln (sigma (- x))) x (sigma x - y).
Proof.
have pos a : 0 < sigma a.
  by apply: Rdiv_lt_0_compat; [lra | have := exp_pos (- a); lra].
have e := exp_pos x.
apply: (is_derive_ext (fun x => ln (1 + exp x) - y * x)) => [t|].
  have et := exp_pos t.
  have -> : ln (sigma t) = t - ln (1 + exp t).
    rewrite -{2}(ln_exp t) -ln_div; try lra.
    by congr ln; rewrite /sigma exp_Ropp; field; lra.
  have -> : ln (sigma (- t)) = - ln (1 + exp t).
    by rewrite -ln_Rinv; [congr ln; rewrite /sigma Ropp_involutive; field; lra | lra].
  by rewrite /=; ring.
auto_derive; first by lra.
by rewrite /sigma exp_Ropp; field; lra.
Qed.

(* B29, thm-fitted *)
Section Fitted.
Variables (n : nat) (z y : 'R^n).
Hypothesis y_sum : \sum_i y i = 1.
Notation cool b := (fun i => b * z i).

Lemma cool_moves b i : is_derive (fun b => b * z i) b (z i).
Proof. by auto_derive => //; ring. Qed.

Theorem fitted_slope b :
  is_derive (fun b => loss y (cool b)) b (mean (softmax (cool b)) z - mean y z).
Proof.
evar_last; first exact: (@loss_along _ y (fun b => cool b) b z (cool_moves b)).
rewrite (eq_bigr (fun i => mean (softmax (cool b)) z * y i - y i * z i)) => [|i _]; last first.
  by rewrite /mean; ring.
by rewrite sum_minus sum_scale y_sum Rmult_1_r.
Qed.

Theorem fitted_convex b :
  is_derive (fun b => mean (softmax (cool b)) z - mean y z) b (variance (softmax (cool b)) z)
  /\ 0 <= variance (softmax (cool b)) z.
Proof.
split; last by apply: variance_ge0 => i; apply/Rlt_le/softmax_gt0.
evar_last.
  apply: is_derive_minus; last exact: is_derive_const.
  exact: (@slope_along _ (fun b => cool b) b z (some y_sum) (cool_moves b)).
by rewrite /minus /plus /opp /zero /=; ring.
Qed.

End Fitted.

Section TwoClasses.
Variable z : 'R^2.
Let x := z ord0 - z ord_max.

Theorem logistic_first : softmax z ord0 = sigma x.
Proof.
rewrite /softmax sum_2 /sigma /x Ropp_minus_distr /Rminus exp_plus exp_Ropp.
by have := exp_pos (z ord0); have := exp_pos (z ord_max) => *; field; lra.
Qed.

Theorem logistic_second : softmax z ord_max = 1 - sigma x.
Proof. by rewrite -logistic_first -(softmax_sum z (erefl _)) sum_2; ring. Qed.
End TwoClasses.

(* B28: the loss of one logit x is that of the logits (x, 0) with the label (y, 1 - y). *)
Definition two (a b : R) : 'R^2 := fun i => if i == ord0 then a else b.

Theorem binary_loss y x :
  - y * ln (sigma x) - (1 - y) * ln (sigma (- x)) = loss (two y (1 - y)) (two x 0).
Proof.
rewrite /loss /cross_entropy sum_2 logistic_first logistic_second /two /= Rminus_0_r.
have -> : sigma (- x) = 1 - sigma x.
  by rewrite /sigma Ropp_involutive exp_Ropp; have := exp_pos x => *; field; lra.
ring.
Qed.

(* What the chapter says *)

Lemma warm_along n (z : 'R^n) j T i : 0 < T ->
  is_derive (fun t => Statement.s_T (put z j t) i T) (z j)
    (Statement.s_T z i T * (/ T * (delta i j - Statement.s_T z j T))).
Proof.
move=> T0; evar_last.
  apply: (@softmax_along _ (fun t k => put z j t k / T) (z j) (fun k => / T * delta k j)) => k.
  apply: (is_derive_ext (fun t => / T * put z j t k)) => [t|]; first exact: Rmult_comm.
  by apply: is_derive_scal; apply: put_moves.
have same k : softmax (fun k => put z j (z j) k / T) k = Statement.s_T z k T.
  by rewrite -[RHS]/(softmax (fun k => z k / T) k); apply: softmax_ext => l; rewrite put_same.
rewrite same (eq_bigr (fun k => / T * Statement.s_T z k T * delta k j)) => [|k _].
  by rewrite sum_delta; ring.
by rewrite same; ring.
Qed.

Lemma ln_warm n (z : 'R^n) j T i : 0 < T ->
  is_derive (fun t => ln (Statement.s_T (put z j t) i T)) (z j)
    (1 / T * (delta i j - Statement.s_T z j T)).
Proof.
move=> T0; evar_last.
  apply: (is_derive_comp ln); last exact: warm_along.
  by apply: is_derive_ln; positive i.
have ? : 0 < Statement.s_T z i T by positive i.
rewrite /scal /= /mult /= (_ : Statement.s_T (put z j (z j)) i T = Statement.s_T z i T).
  by field; lra.
by apply: (@softmax_ext _ (fun k => put z j (z j) k / T)) => k; rewrite put_same.
Qed.

Theorem eq_warm : Statement.eq_warm.
Proof.
move=> n y z j T T0 one; have k := j.
have T_ne : T <> 0 by lra.
have [e d] := both (gradient_warm z (y := y) j T_ne one).
have by_z i := both (ln_warm z j i T0).
have s1 : \sum_i y i * Derive (fun t => ln (Statement.s_T (put z j t) i T)) (z j)
    = \sum_i y i * (1 / T * (delta i j - Statement.s_T z j T)).
  by apply: eq_bigr => i _; have [_ ->] := by_z i.
have s2 : - (\sum_i y i * (1 / T * (delta i j - Statement.s_T z j T)))
    = 1 / T * (Statement.s_T z j T - y j).
  rewrite (eq_bigr (fun i => 1 / T * (y i * delta i j) - 1 / T * Statement.s_T z j T * y i)).
    by rewrite sum_minus !sum_scale one sum_delta; ring.
  by move=> i _; ring.
all => // [m|m||i|i||]; try positive k; first by case: (by_z i).
  by rewrite s1 s2 [LHS]d -[softmax _ j]/(Statement.s_T z j T) /Rdiv; ring.
by rewrite s1.
Qed.

Theorem eq_smoothed : Statement.eq_smoothed.
Proof. by move=> n y i eps; split=> //; apply: count_ne i. Qed.

Theorem eq_smoothed_loss : Statement.eq_smoothed_loss.
Proof.
move=> n y z eps n0; have k := Ordinal n0; all => // *; try positive k; first exact: count_ne k.
have := smoothed_loss z y eps; rewrite /loss /cross_entropy /smoothed /Statement.y_eps count_n.
by rewrite sum_opp => ->; rewrite /Statement.L /Rdiv; ring.
Qed.

Theorem eq_smoothed_gradient : Statement.eq_smoothed_gradient.
Proof.
move=> n y z j eps one; have [|e d] := both (f := fun t => Statement.L_eps (softmax (put z j t)) y eps)
  (x := z j) (l := softmax z j - Statement.y_eps y j eps).
  apply: (gradient_any z (y := fun i => Statement.y_eps y i eps)).
  by rewrite sum_split sum_scale sum_equal one count_n; field; rewrite -count_n; apply: count_ne j.
have step : (1 - eps) * (softmax z j - y j) + eps * (softmax z j - 1 / Statement.count n)
    = softmax z j - Statement.y_eps y j eps.
  by rewrite /Statement.y_eps /Rdiv; ring.
all => // *; try positive j; first exact: count_ne j.
by rewrite step d.
Qed.

Theorem eq_distillation : Statement.eq_distillation.
Proof.
move=> n p z j T T0 p0 one; have k := j; have T_ne : T <> 0 by lra.
have pd : distribution p by split=> // i; apply: Rlt_le.
have [e d] := both (distillation z j T_ne pd); have by_z i := both (ln_warm z j i T0).
have s1 : \sum_i p i * Derive (fun t => ln (Statement.s_T (put z j t) i T)) (z j)
    = - (1 / T * (Statement.s_T z j T - p j)).
  rewrite (eq_bigr (fun i => 1 / T * (p i * delta i j) - 1 / T * Statement.s_T z j T * p i)).
    by rewrite sum_minus !sum_scale one sum_delta; ring.
  by move=> i _; have [_ ->] := by_z i; ring.
all => // [m|m|m||i|i|||]; try positive k.
- by apply: Rdiv_lt_0_compat => //; positive k.
- by case: (by_z i).
- by rewrite s1 [LHS]d -[softmax _ j]/(Statement.s_T z j T); field.
- by rewrite s1; field.
by field.
Qed.

Theorem eq_class_weights : Statement.eq_class_weights.
Proof. by move=> n w y z j; have [e ->] := both (class_weights z w y j); all => // *; positive j. Qed.

Theorem eq_class_weight : Statement.eq_class_weight.
Proof.
move=> n w y z j k hot; have [e ->] := both (class_weights z w y j).
have step : (\sum_i w i * y i) * softmax z j - w j * y j = w k * softmax z j - w k * y j.
  rewrite (eq_bigr (fun i => w i * delta i k)) => [|i _]; last by rewrite hot.
  by rewrite sum_delta hot /delta; case: eqP => [->|_]; ring.
by all => // *; try positive k; ring.
Qed.

Theorem eq_weighted_mean : Statement.eq_weighted_mean.
Proof.
move=> n y z j c one; have g := gradient_any z j one; have [e1 d1] := both g.
have [|e2 d2] := both (f := fun t => Statement.M (softmax (put z j t)) y c) (x := z j)
  (l := c * (softmax z j - y j)); first exact: is_derive_scal g.
by all => // *; try positive j; rewrite d1.
Qed.

Section Focal.
Variables (n : nat) (z : 'R^n) (k : 'I_n) (gamma : R).
Hypothesis n2 : (2 <= n)%N.
Let s := softmax z k.
Let s0 : 0 < s := softmax_gt0 z k.
Let s1 : s < 1 := softmax_lt1 z k n2.
Let phi := Rpower (1 - s) gamma - gamma * s * Rpower (1 - s) (gamma - 1) * ln s.

Lemma focal_by_s :
  is_derive (fun t => Statement.F (put (softmax z) k t) k gamma) s (- phi / s).
Proof.
apply: (is_derive_ext (fun t => - (Rpower (1 - t) gamma * ln t))) => [t|].
  by rewrite /Statement.F /put eqxx.
evar_last; first by rewrite /Rpower; auto_derive; [split => //; lra | reflexivity].
have power : Rpower (1 - s) (gamma - 1) = Rpower (1 - s) gamma / (1 - s).
  by rewrite /Rminus Rpower_plus Rpower_Ropp Rpower_1; lra.
by rewrite /phi power /Rpower -/(1 - s) /=; set e := exp _; field; lra.
Qed.

Lemma phi_is : Statement.varphi (softmax z) k gamma = phi.
Proof. by rewrite /Statement.varphi; have [_ ->] := both focal_by_s; rewrite -/s; field; lra. Qed.

End Focal.

Theorem eq_focal_factor : Statement.eq_focal_factor.
Proof.
move=> n z k gamma n2 _; have [e d] := both (focal_by_s z k gamma n2).
have ? := softmax_gt0 z k; have ? := softmax_lt1 z k n2.
by all => //; [lra | rewrite -phi_is].
Qed.

Theorem eq_focal : Statement.eq_focal.
Proof.
move=> n y z j k gamma n2 _ hot; have [e1 d1] := both (focal_by_s z k gamma n2).
have [e2 d2] := both (jacobian z k j); have [e3 d3] := both (focal z gamma k j n2).
have s0 := softmax_gt0 z k; have s1 := softmax_lt1 z k n2.
all => //; rewrite ?phi_is // ?d1 ?d2 ?hot; try lra; last by field; lra.
  by rewrite [LHS]d3 delta_sym; move: s0 s1; rewrite /delta; case: eqP => [->|_] *; field; lra.
by rewrite delta_sym.
Qed.

Lemma sigma_pos a : 0 < exp a + 1.
Proof. by have := exp_pos a; lra. Qed.

Lemma binary_line x y : Statement.B x y = ln (exp x + 1) - y * x.
Proof.
have e := exp_pos x; rewrite /Statement.B /Statement.sigma /Statement.sigma_minus.
by rewrite !ln_div ?ln_exp ?ln_1; try lra; ring.
Qed.

Theorem eq_binary_loss : Statement.eq_binary_loss.
Proof.
move=> x y; have := sigma_pos x; have := exp_pos x => *.
by all => //; try lra; try (apply: Rdiv_lt_0_compat; lra); apply: binary_line x y.
Qed.

Theorem eq_binary : Statement.eq_binary.
Proof.
move=> x y; have pos := sigma_pos x; have := exp_pos x => *.
have [|e ->] := both (f := fun x => Statement.B x y) (x := x) (l := exp x / (exp x + 1) - y).
  apply: (is_derive_ext (fun x => ln (exp x + 1) - y * x)) => [t|]; first by rewrite binary_line.
  by auto_derive => /=; [lra | field; lra].
by all => //; try lra; apply: Rdiv_lt_0_compat; lra.
Qed.

Theorem eq_slope : Statement.eq_slope.
Proof.
move=> n y z beta n0 one; have k := Ordinal n0; have [e ->] := both (fitted_slope z one beta).
have step : - (\sum_k y k * (z k - Statement.barz z beta))
    = Statement.barz z beta - \sum_k y k * z k.
  rewrite (eq_bigr (fun k => y k * z k - Statement.barz z beta * y k)) => [|i _]; last by ring.
  by rewrite sum_minus sum_scale one; ring.
by all => // *; try positive k; rewrite step.
Qed.

Theorem eq_curvature : Statement.eq_curvature.
Proof.
move=> n z beta n0; have k := Ordinal n0.
have moves i : is_derive (fun b => b * z i) beta (z i) by auto_derive => //=; ring.
have [e d] := both (slope_along n0 moves).
have one : \sum_k Statement.s_beta z k beta = 1 by apply: (softmax_sum (fun i => beta * z i)).
set m := Statement.barz z beta.
have step : \sum_k z k * (Statement.s_beta z k beta * (z k - m))
    = \sum_k Statement.s_beta z k beta * (z k - m) ^ 2.
  apply: Rminus_diag_uniq; rewrite -sum_minus.
  rewrite (eq_bigr (fun k => m * (Statement.s_beta z k beta * z k) - m ^ 2 * Statement.s_beta z k beta)).
    by rewrite sum_minus !sum_scale one -/(Statement.barz z beta) -/m; ring.
  by move=> i _; ring.
by all => // *; try positive k; rewrite step.
Qed.

Theorem thm_distillation : Statement.thm_distillation.
Proof.
move=> n v z j; have pos T : 0 < T -> T <> 0 by lra.
have n0 := count_ne j.
all => // [T|T|]; try by intros; positive j.
rewrite count_n in n0 *.
have -> : 1 / INR n * (z j - Statement.meanz z - (v j - Statement.meanv v))
    = ((z j - average z) - (v j - average v)) / INR n.
  by rewrite /Statement.meanz /Statement.meanv /average !count_n; field.
exact: distillation_limit.
Qed.

Theorem thm_weighted_mean : Statement.thm_weighted_mean.
Proof.
move=> N n w Y Z j r Y1 W0.
have [|e ->] := both (f := fun t => Statement.M_wYZ w Y (put_at Z r j t)) (x := Z r j)
    (l := w r / Statement.weights w * (Statement.s_Z Z j r - Y r j)).
  by evar_last; [exact: (weighted_mean Z (w := w) (b := r) j W0 (Y1 r)) |
    rewrite -[Statement.s_Z Z j r]/(softmax (Z r) j) -/(Statement.weights w); field].
by all => //; try (by intros; positive j); move=> ->; field.
Qed.

Theorem thm_binary : Statement.thm_binary.
Proof.
move=> n y z c1 c2 one ne n2; have e := exp_pos (z c1 - z c2); have e' := exp_pos (- (z c1 - z c2)).
have first := two_first z n2 ne; have second := two_second z n2 ne; have back := two_back z c1 c2.
all => //; try lra.
- by move=> m; apply: softmax_gt0.
- by rewrite -first; apply: softmax_gt0.
- by rewrite back -second; apply: softmax_gt0.
rewrite /Statement.L (sum_of_two _ n2 ne) first second back.
have -> : y c2 = 1 - y c1 by rewrite -one (sum_of_two _ n2 ne); ring.
ring.
Qed.

Theorem thm_fitted : Statement.thm_fitted.
Proof.
move=> n y z beta n0 one; have k := Ordinal n0.
have slope x := both (fitted_slope z one x).
have [convex var] := fitted_convex z one beta.
have [|e d] := both (f := fun beta => Derive (fun beta => Statement.L_beta y z beta) beta)
    (x := beta) (l := variance (softmax (fun i => beta * z i)) z).
  apply: is_derive_ext convex => t; by have [_ ->] := slope t.
by all => // *; try positive k; [case: (slope beta) | rewrite d].
Qed.

(* B34, thm-offset *)
Section Shifted.
Variables (n : nat) (b z : 'R^n).
Notation moved z := (fun k => z k + b k).

Lemma moved_moves j k : is_derive (fun t => put z j t k + b k) (z j) (delta k j).
Proof.
evar_last; first by apply: is_derive_plus; [exact: put_moves | exact: is_derive_const].
by rewrite /plus /zero /=; ring.
Qed.

Lemma moved_same j i : softmax (fun k => put z j (z j) k + b k) i = softmax (moved z) i.
Proof. by apply: softmax_ext => k; rewrite put_same. Qed.

Theorem shifted_gradient y j : \sum_i y i = 1 ->
  d/dz_j (fun z => loss y (moved z)) at z is (softmax (moved z) j - y j).
Proof.
move=> one; evar_last.
  exact: (@loss_along _ y (fun t k => put z j t k + b k) (z j) (fun i => delta i j) (moved_moves j)).
rewrite (eq_bigr (fun i => softmax (moved z) j * y i - y i * delta i j)) => [|i _].
  by rewrite sum_minus sum_delta sum_scale one; ring.
by rewrite sum_delta moved_same; ring.
Qed.

Lemma ln_shifted j i :
  is_derive (fun t => ln (softmax (fun k => put z j t k + b k) i)) (z j)
    (delta i j - softmax (moved z) j).
Proof.
evar_last.
  apply: (is_derive_comp ln).
    by apply: is_derive_ln; apply: softmax_gt0.
  exact: (softmax_along (moved_moves j)).
rewrite sum_delta !moved_same /scal /= /mult /=.
by have := softmax_gt0 (moved z) i => ?; field; lra.
Qed.
End Shifted.

Theorem eq_shifted : Statement.eq_shifted.
Proof.
move=> n b z i; have S0 := S_gt0 z i.
have e : \sum_k exp (b k) * softmax z k = (\sum_k exp (z k + b k)) / (\sum_k exp (z k)).
  rewrite -sum_div; apply: eq_bigr => k _; rewrite /softmax exp_plus; field; lra.
have M0 : 0 < \sum_k exp (z k + b k) by exact: (S_gt0 (fun k => z k + b k) i).
all => //; rewrite ?e; try (by apply: Rgt_not_eq); first by apply: Rgt_not_eq; apply: Rdiv_lt_0_compat.
by rewrite /softmax exp_plus; field; lra.
Qed.

Theorem eq_shifted_gradient : Statement.eq_shifted_gradient.
Proof.
move=> n b y z j one; have k := j.
have [e d] := both (shifted_gradient b z j one); have by_z i := both (ln_shifted b z j i).
have M0 : 0 < \sum_k exp (z k + b k) by exact: (S_gt0 (fun k => z k + b k) k).
have s1 : \sum_i y i * Derive (fun t => ln (Statement.s_shifted b (put z j t) i)) (z j)
    = \sum_i y i * (delta i j - Statement.s_shifted b z j).
  by apply: eq_bigr => i _; have [_ ->] := by_z i.
have s2 : - (\sum_i y i * (delta i j - Statement.s_shifted b z j)) = Statement.s_shifted b z j - y j.
  rewrite (eq_bigr (fun i => y i * delta i j - Statement.s_shifted b z j * y i)) => [|i _].
    by rewrite sum_minus sum_scale one sum_delta; ring.
  by ring.
all => // [m|m||i|i||]; try (by apply: Rgt_not_eq).
- exact: (softmax_gt0 (fun k => z k + b k)).
- exact: (softmax_gt0 (fun k => z k + b k)).
- by case: (by_z i).
- by rewrite s1 s2.
by rewrite s1.
Qed.

(* B35, thm-adjustment *)
Theorem eq_adjusted : Statement.eq_adjusted.
Proof.
move=> n p q z i p0 _ q0 _; have S0 := S_gt0 z i.
have pn k : p k <> 0 by apply: Rgt_not_eq.
have term k : exp (z k + ln (q k) - ln (p k)) = q k / p k * softmax z k * (\sum_k exp (z k)).
  rewrite /Rminus 2!exp_plus exp_Ropp !exp_ln // /softmax; field; split=> //; lra.
have f_is k : q k * Statement.f p (softmax z) k = q k / p k * softmax z k.
  by rewrite /Statement.f; field.
have pos k : 0 < q k / p k * softmax z k.
  by apply: Rmult_lt_0_compat; [apply: Rdiv_lt_0_compat | apply: softmax_gt0].
have F : \sum_k q k * Statement.f p (softmax z) k = \sum_k q k / p k * softmax z k.
  by apply: eq_bigr.
have Q0 : 0 < \sum_k q k / p k * softmax z k by apply: (sum_gt0 i).
have E : \sum_k exp (z k + ln (q k) - ln (p k))
    = (\sum_k q k / p k * softmax z k) * (\sum_k exp (z k)).
  by rewrite -sum_scaler; apply: eq_bigr.
all => //; rewrite ?F ?E ?term ?f_is; try (by apply: Rgt_not_eq).
- by apply: Rgt_not_eq; apply: Rmult_lt_0_compat.
all: by field; repeat split => //; apply: Rgt_not_eq.
Qed.

(* B36, thm-z-loss *)
Theorem eq_z_loss : Statement.eq_z_loss.
Proof.
move=> n y z j lambda one; have k := j.
have L' := gradient_any z j one; have E' := gradient_LSE z j.
have [eL dL] := both L'; have [eE dE] := both E'.
have whole : is_derive (fun t => Statement.P (softmax (put z j t)) y (put z j t) lambda) (z j)
    (softmax z j - y j + 2 * lambda * Statement.LSE z * softmax z j).
  evar_last.
    apply: is_derive_plus; first exact: L'.
    apply: is_derive_scal; apply: (is_derive_comp (fun x => x ^ 2)); last exact: E'.
    by auto_derive.
  rewrite (_ : Statement.LSE (put z j (z j)) = Statement.LSE z); last first.
    by congr ln; apply: eq_bigr => i _; rewrite put_same.
  by rewrite /plus /scal /= /mult /=; ring.
have [eP dP] := both whole.
all => // *; try positive k.
- by rewrite dP dL dE.
- by rewrite dL dE.
by ring.
Qed.

(* B37, thm-soft-cap *)
Theorem eq_soft_cap : Statement.eq_soft_cap.
Proof.
move=> n y z j C C0 one; have k := j.
pose cap t := C * tanh (t / C).
have cap' x : is_derive cap x (1 - tanh (x / C) ^ 2).
  evar_last.
    apply: is_derive_scal; apply: (is_derive_comp tanh); first exact: tanh_slope.
    by auto_derive; first by lra.
  by rewrite /scal /= /mult /=; field; lra.
have moves i : is_derive (fun t => cap (put z j t i)) (z j) ((1 - tanh (z j / C) ^ 2) * delta i j).
  evar_last.
    by apply: (is_derive_comp cap); [exact: cap' | exact: put_moves].
  rewrite put_same /scal /= /mult /= /delta; case: eqP => [->|_]; ring.
have same i : softmax (fun k => cap (put z j (z j) k)) i = Statement.hats z i C.
  by apply: (@softmax_ext _ _ (fun k => cap (z k))) => l; rewrite put_same.
have whole : is_derive (fun t => Statement.hatL y (put z j t) C) (z j)
    ((Statement.hats z j C - y j) * (1 - tanh (z j / C) ^ 2)).
  evar_last; first exact: (@loss_along _ y (fun t k => cap (put z j t k)) (z j) _ moves).
  set d := 1 - _.
  rewrite (eq_bigr (fun i => d * Statement.hats z j C * y i - d * (y i * delta i j))) => [|i _].
    by rewrite sum_minus !sum_scale one sum_delta; ring.
  rewrite (eq_bigr (fun k => d * Statement.hats z k C * delta k j)) => [|l _].
    by rewrite sum_delta; ring.
  by rewrite same; ring.
have [eL dL] := both whole.
have [eZ dZ] : ex_derive (fun t => Statement.hatz (put z j t) j C) (z j) /\
    Derive (fun t => Statement.hatz (put z j t) j C) (z j) = 1 - tanh (z j / C) ^ 2.
  by apply: both; evar_last; [exact: (moves j) | rewrite delta_same; ring].
have back : Statement.hatz z j C / C = tanh (z j / C) by rewrite /Statement.hatz; field; lra.
all => // *; rewrite ?dL ?dZ ?back //; try lra; try exact: (softmax_gt0 (fun k => cap (z k))).
all: by apply: Rgt_not_eq; exact: (S_gt0 (fun k => cap (z k)) k).
Qed.

(* B38, thm-gumbel *)
Lemma s_times_S n (z : 'R^n) i : softmax z i * Statement.S_ z = exp (z i).
Proof. by rewrite /softmax /Statement.S_; have := S_gt0 z i => ?; field; lra. Qed.

Theorem eq_race : Statement.eq_race.
Proof.
move=> n z i tau.
have [|e d] := both (f := fun tau => - (softmax z i * exp (- (Statement.S_ z * tau)))) (x := tau)
    (l := softmax z i * Statement.S_ z * exp (- (Statement.S_ z * tau))).
  by auto_derive => //; ring.
by split=> //; split; [|rewrite s_times_S].
Qed.

Theorem thm_gumbel : Statement.thm_gumbel.
Proof.
move=> n z i; have S0 : 0 < Statement.S_ z by exact: (S_gt0 z i).
rewrite -[X in is_lim _ _ (Finite X)](Rmult_0_r (softmax z i)).
apply: (is_lim_scal_l _ _ _ (Finite 0)).
apply: (is_lim_comp exp _ _ _ m_infty); first exact: is_lim_exp_m.
  apply: (is_lim_ext (fun tau => - Statement.S_ z * tau)) => [tau|]; first by ring.
  have := is_lim_scal_l (fun tau => tau) (- Statement.S_ z) p_infty p_infty (is_lim_id _).
  by rewrite /Rbar_mult /=; case: Rle_dec => [?|//]; exfalso; lra.
by exists 0.
Qed.
