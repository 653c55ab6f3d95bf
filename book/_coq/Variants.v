(* The chapter "Variants". *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Derivative CrossEntropy Gradient Training.
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
Definition sigma x := 1 / (1 + exp (- x)).

Theorem sigma_slope x : is_derive sigma x (sigma x * (1 - sigma x)).
Proof.
have e := exp_pos (- x).
by rewrite /sigma; auto_derive; [lra | field; lra].
Qed.

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
