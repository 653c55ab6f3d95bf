(* The book's derivations: each theorem's statement is the generated one. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Derivative CrossEntropy Gradient Stability Training Variants
  Network Statements.
Set Implicit Arguments.
Unset Strict Implicit.

Lemma both f x l : is_derive f x l -> ex_derive f x /\ Derive f x = l.
Proof. by move=> d; split; [exists l | apply: is_derive_unique]. Qed.

(* What is positive, or not 0, because it is made of exponentials; i is some class. *)
Ltac positive i := intros; try apply: pow_nonzero; first
  [ assumption | exact: (S_gt0 _ i) | exact: softmax_gt0 | exact: exp_pos
  | apply: Rgt_not_eq; first [exact: (S_gt0 _ i) | exact: softmax_gt0 | exact: exp_pos]
  | apply: Rdiv_lt_0_compat; first [exact: (S_gt0 _ i) | exact: softmax_gt0 | exact: exp_pos] ].

(* Prove one after the other of several statements. *)
Tactic Notation "all" := repeat match goal with |- _ /\ _ => split end.

Theorem eq_shift : Statement.eq_shift.
Proof.
move=> n z i c.
have e : \sum_k exp (z k + c) = exp c * (\sum_k exp (z k)).
  by rewrite -sum_scale; apply: eq_bigr => k _; rewrite exp_plus Rmult_comm.
have ? := S_gt0 z i; have ? := exp_pos c.
all; try positive i; rewrite /Statement.shifted ?e //.
- by apply: Rmult_integral_contrapositive; split; positive i.
- by rewrite exp_plus (Rmult_comm (exp (z i))).
by field; lra.
Qed.

Theorem eq_ratio : Statement.eq_ratio.
Proof.
move=> n z i j; have ? := S_gt0 z i; have ? := exp_pos (z j).
all; try positive i; first by rewrite /softmax; field; lra.
by rewrite /Rminus exp_plus exp_Ropp.
Qed.

Theorem eq_log_softmax : Statement.eq_log_softmax.
Proof.
move=> n z i; all; try positive i; rewrite //.
by rewrite -[_ / _]/(softmax z i) ln_softmax.
Qed.

Theorem eq_numerator_same : Statement.eq_numerator_same.
Proof. move=> n z i j <-; exact: both (numerator_same z i). Qed.

Theorem eq_denominator_same : Statement.eq_denominator_same.
Proof. by move=> n z i j ->; have [? ?] := both (denominator z j). Qed.

Theorem eq_case_same : Statement.eq_case_same.
Proof.
move=> n z i j <-; have [? ->] := both (case_same z i); have ? := S_gt0 z i.
by all; rewrite /softmax /Statement.S_ //; try positive i; field_simplify_eq; lra.
Qed.

Theorem eq_numerator_other : Statement.eq_numerator_other.
Proof. move=> n z i j ij; exact: both (numerator_other z ij). Qed.

Theorem eq_denominator_other : Statement.eq_denominator_other.
Proof. move=> n z i j _; exact: both (denominator z j). Qed.

Theorem eq_case_other : Statement.eq_case_other.
Proof.
move=> n z i j ij; have [? ->] := both (case_other z ij); have ? := S_gt0 z i.
by all; rewrite /softmax /Statement.S_ //; try positive i; field_simplify_eq; lra.
Qed.

Theorem eq_derivative : Statement.eq_derivative.
Proof.
move=> n z i j; have [? ->] := both (jacobian z i j).
by all => //; rewrite /delta; case: eqP => [->|_]; ring.
Qed.

Theorem eq_logistic : Statement.eq_logistic.
Proof.
move=> n z i j _; have := exp_pos (z i); have := exp_pos (z j); have := exp_pos (- (z i - z j)).
move=> *; all => //; try lra.
rewrite Ropp_minus_distr /Rminus exp_plus exp_Ropp; field; lra.
Qed.

Theorem eq_gradient_lse : Statement.eq_gradient_lse.
Proof.
move=> n z j; have [? Dl] := both (gradient_LSE z j); have [? Ds] := both (denominator z j).
have ? := S_gt0 z j.
rewrite -[Statement.LSE]/LSE -[Statement.S_]/(fun n (z : 'R^n) => \sum_a exp (z a)).
by all => //; try positive j; rewrite ?Dl Ds /softmax; field; lra.
Qed.

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

Theorem eq_temperature : Statement.eq_temperature.
Proof.
move=> n z i T T0; set q := fun k => Statement.s_T z k T.
have [|? ->] := both (f := fun T => Statement.s_T z i T) (x := T)
  (l := q i * (- / T ^ 2 * z i - \sum_k q k * (- / T ^ 2 * z k))).
  apply: (@softmax_along _ (fun T k => z k / T) T (fun k => - / T ^ 2 * z k)) => k.
  by auto_derive => /=; [lra | field; lra].
all => //; try (apply: Rgt_not_eq; nra); try positive i.
rewrite [in LHS](eq_bigr (fun k => - / T ^ 2 * (q k * z k))) => [|k _]; last by ring.
by rewrite sum_scale /q; set m := \sum_k _; field; lra.
Qed.

Theorem eq_surprise : Statement.eq_surprise.
Proof.
move=> q1 q2 pos1 pos2; all => //; first exact: Rmult_lt_0_compat.
by rewrite ln_mult //; ring.
Qed.

Theorem eq_kl_proof : Statement.eq_kl_proof.
Proof.
move=> n p q n0 p0 _ q0 _; all => // *; try exact: Rgt_not_eq; try exact: Rdiv_lt_0_compat.
- by rewrite /Statement.H_pq /Statement.H_p; ring.
- rewrite [in RHS](eq_bigr (fun i => p i * ln (p i) - p i * ln (q i))) => [|i _]; last by ring.
  by rewrite sum_minus; ring.
by apply: eq_bigr => i _; rewrite ln_div.
Qed.

Theorem eq_gibbs : Statement.eq_gibbs.
Proof.
move=> n p q n0 p0 p1 q0 q1; all => // *; try exact: Rgt_not_eq; try exact: Rdiv_lt_0_compat.
  by rewrite p1 q1; ring.
rewrite -sum_split -sum_minus; apply: eq_bigr => i _.
by rewrite !ln_div //; field; apply: Rgt_not_eq.
Qed.

Theorem eq_loss_one_hot : Statement.eq_loss_one_hot.
Proof.
move=> n y z k hot; all; try positive k; rewrite // hot delta_same; last by ring.
rewrite (eq_bigr (fun i => ln (softmax z i) * delta i k)) ?sum_delta => [|i _]; first by ring.
by rewrite hot; ring.
Qed.

Theorem eq_chain_rule : Statement.eq_chain_rule.
Proof.
move=> n y z j; have [e ->] := both (chain_rule z y j).
have by_s i := both (loss_by_s y (softmax_gt0 z i)); have by_z i := both (jacobian z i j).
all => // [|i|i|]; try positive j; try by case: (by_s i); try by case: (by_z i).
by apply: eq_bigr => i _; have [_ ->] := by_s i; have [_ ->] := by_z i; rewrite J_is.
Qed.

Lemma ln_put n (q : 'R^n) k : 0 < q k ->
  is_derive (fun t => - ln (put q k t k)) (q k) (- / q k).
Proof.
move=> q0; apply: (is_derive_ext (fun t => - ln t)) => [t|]; first by rewrite /put eqxx.
by apply: is_derive_opp; apply: is_derive_ln.
Qed.

Lemma is_one_hot n (y : 'R^n) k : (forall m, y m = delta m k) -> \sum_m y m = 1.
Proof.
move=> hot; rewrite -(sum_delta k (fun=> 1)); apply: eq_bigr => i _; rewrite hot; ring.
Qed.

Theorem eq_shortcut : Statement.eq_shortcut.
Proof.
move=> n y z j k hot; have [e ->] := both (gradient_any z j (is_one_hot hot)).
have [? ->] := both (ln_put (softmax_gt0 z k)); have [? ->] := both (jacobian z k j).
have s0 := softmax_gt0 z k; all => // *; try positive k; last by field; lra.
by rewrite hot (delta_sym k); move: s0; rewrite /delta; case: eqP => [->|_] ?; field; lra.
Qed.

Theorem eq_two_cases : Statement.eq_two_cases.
Proof. by move=> n z i j; have [? [-> _]] := eq_derivative z i j. Qed.

Theorem eq_true_class : Statement.eq_true_class.
Proof.
move=> n z j k <-; have [? ->] := both (case_same z j); have ? := softmax_gt0 z j.
by all => //; try positive j; field; lra.
Qed.

Theorem eq_other_class : Statement.eq_other_class.
Proof.
move=> n z j k jk; have [|? ->] := both (@case_other n z k j _); first by move=> e; apply: jk.
have ? := softmax_gt0 z k.
by all => //; try positive j; field; lra.
Qed.

Theorem eq_gradient : Statement.eq_gradient.
Proof.
move=> n y z j k hot; have [e ->] := both (gradient_any z j (is_one_hot hot)).
by all => // *; try positive k; rewrite hot /delta; case: eqP => _; ring.
Qed.

Theorem eq_gradient_any : Statement.eq_gradient_any.
Proof. by move=> n y z j; have [e ->] := both (gradient_general z y j); all => // *; positive j. Qed.

Theorem eq_proof_any : Statement.eq_proof_any.
Proof.
move=> n y z j; have [e ->] := both (gradient_general z y j).
have last : \sum_i y i * (softmax z j - delta i j) = (\sum_i y i) * softmax z j - y j.
  rewrite -sum_scaler -[X in _ - X](sum_delta j y) -sum_minus; apply: eq_bigr => i _; ring.
have step : \sum_i - (y i / softmax z i) * (softmax z i * (delta i j - softmax z j))
    = \sum_i y i * (softmax z j - delta i j).
  by apply: eq_bigr => i _; have ? := softmax_gt0 z i; field; lra.
by all => // *; try positive j; rewrite ?step ?last.
Qed.

Lemma Q_put n (y q : 'R^n) i : is_derive (fun t => Statement.Q (put q i t) y) (q i) (q i - y i).
Proof.
apply: (is_derive_ext (fun t => / 2 * \sum_m (put q i t m - y m) ^ 2)) => [t|].
  exact: Rmult_comm.
evar_last.
  apply: is_derive_scal; apply: is_derive_sum => m.
  apply: (is_derive_comp (fun a => (a - y m) ^ 2)); last exact: put_moves.
  by auto_derive.
rewrite (eq_bigr (fun m => 2 * (q m - y m) * delta m i)) => [|m _].
  by rewrite sum_delta; field.
by rewrite put_same /scal /= /mult /=; ring.
Qed.

Theorem eq_squared_proof : Statement.eq_squared_proof.
Proof.
move=> n y z j; have by_s i := both (Q_put y (softmax z) i); have by_z i := both (jacobian z i j).
have [] := both (f := fun t => Statement.Q (softmax (put z j t)) y) (x := z j)
  (l := \sum_i (softmax z i - y i) * J z i j).
  evar_last.
    apply: (is_derive_ext (fun t => \sum_i (softmax (put z j t) i - y i) ^ 2 / 2)) => [t|].
      exact: sum_div.
    exact: squared_error.
  by apply: eq_bigr => i _; rewrite J_symmetric; ring.
move=> e ->; have step : \sum_i Derive (fun t => Statement.Q (put (softmax z) i t) y) (softmax z i)
    * Derive (fun t => softmax (put z j t) i) (z j) = \sum_i (softmax z i - y i) * J z i j.
  by apply: eq_bigr => i _; have [_ ->] := by_s i.
by all => // [i|i]; [case: (by_s i) | case: (by_z i)].
Qed.

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

Lemma count_n n : Statement.count n = INR n.
Proof. by rewrite /Statement.count sum_equal; ring. Qed.

Lemma count_ne n (i : 'I_n) : Statement.count n <> 0.
Proof. by rewrite count_n; apply/not_0_INR/eqP; rewrite -lt0n; apply: class_some i. Qed.

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

Theorem eq_rescale : Statement.eq_rescale.
Proof.
move=> n z m m1 _; split; first by rewrite sum_scaler.
by apply: eq_bigr => i _; rewrite -exp_plus; congr exp; ring.
Qed.

Theorem eq_associative : Statement.eq_associative.
Proof.
move=> a1 a2 a3 m m1 m2 m3 m'; split=> //.
have e b : exp (b - m') * exp (m' - m) = exp (b - m) by rewrite -exp_plus; congr exp; ring.
by rewrite /Statement.a_both Rmult_plus_distr_r !Rmult_assoc !e.
Qed.
