(* The chapter "The combined gradient": what it needs, and then its statements. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Statements Softmax SoftmaxDerivative CrossEntropy.
Set Implicit Arguments.
Unset Strict Implicit.

Definition loss n (y z : 'R^n) : R := cross_entropy y (softmax z).
Definition one_hot_label n (k : 'I_n) : 'R^n := fun i => delta i k.

(* S14, eq-loss-one-hot *)
Theorem loss_one_hot n (z : 'R^n) k : loss (one_hot_label k) z = - ln (softmax z k).
Proof. exact: one_hot. Qed.

Lemma loss_LSE n (y z : 'R^n) : loss y z = \sum_i y i * (LSE z - z i).
Proof.
by rewrite /loss /cross_entropy -sum_opp; apply: eq_bigr => i _; rewrite ln_softmax; ring.
Qed.

Lemma loss_along n (y : 'R^n) (z : R -> 'R^n) x dz :
  (forall i, is_derive (fun t => z t i) x (dz i)) ->
  is_derive (fun t => loss y (z t)) x (\sum_i y i * (\sum_k softmax (z x) k * dz k - dz i)).
Proof.
move=> moves; apply: (is_derive_ext (fun t => \sum_i y i * (LSE (z t) - z t i))) => [t|].
  by rewrite loss_LSE.
apply: is_derive_sum => i; apply: is_derive_scal; apply: is_derive_minus => //.
by apply: LSE_along => //; apply: leq_ltn_trans (ltn_ord i).
Qed.

Section Gradient.
Variables (n : nat) (z : 'R^n).
Notation s := (softmax z).

(* B12, thm-gradient-any *)
Theorem gradient_general y j : d/dz_j (loss y) at z is ((\sum_i y i) * s j - y j).
Proof.
evar_last; first by apply: (loss_along y (put_moves z j)).
rewrite sum_delta (eq_bigr (fun i => y i * s j - y i * delta i j)) => [|i _].
  by rewrite sum_minus sum_delta sum_scaler.
have -> : softmax (put z j (z j)) j = s j by apply: softmax_ext => k; apply: put_same.
ring.
Qed.

Theorem gradient_any y j : \sum_i y i = 1 -> d/dz_j (loss y) at z is (s j - y j).
Proof. by move=> one; have := gradient_general y j; rewrite one Rmult_1_l. Qed.

(* S17, thm-gradient *)
Theorem gradient k j :
  d/dz_j (fun z => - ln (softmax z k)) at z is (if j == k then s j - 1 else s j).
Proof.
apply: (is_derive_ext (fun t => loss (one_hot_label k) (put z j t))) => [t|].
  exact: loss_one_hot.
evar_last; first apply: gradient_any; rewrite /one_hot_label.
  by rewrite -(sum_delta k (fun=> 1)); apply: eq_bigr => i _; rewrite Rmult_1_l.
by rewrite /delta; case: eqP => _; rewrite ?Rminus_0_r.
Qed.

(* S15, eq-shortcut *)
Theorem shortcut k j : d/dz_j (fun z => - ln (softmax z k)) at z is (- (1 / s k) * J z k j).
Proof.
evar_last; first exact: gradient.
rewrite J_is /delta eq_sym; have := softmax_gt0 z k.
by case: eqP => [->|_] ?; field; lra.
Qed.

(* S13, eq-chain-rule: the loss as a function of s has the derivatives -y_i / s_i *)
Theorem loss_by_s (y q : 'R^n) i : 0 < q i ->
  is_derive (fun t => cross_entropy y (put q i t)) (q i) (- (y i / q i)).
Proof.
move=> q0; apply: is_derive_opp; rewrite /=.
apply: (is_derive_ext (fun t => y i * ln t + \sum_(k | k != i) y k * ln (q k))) => [t|].
  rewrite (sum_one i) /put eqxx; congr (_ + _); apply: eq_bigr => k /negbTE ki.
  by rewrite ki.
evar_last.
  apply: is_derive_plus; last exact: is_derive_const.
  by apply: is_derive_scal; apply: is_derive_ln.
by rewrite /plus /zero /= /Rdiv; ring.
Qed.

Theorem chain_rule y j : d/dz_j (loss y) at z is (\sum_i - (y i / s i) * J z i j).
Proof.
evar_last; first exact: gradient_general.
rewrite -sum_scaler -(sum_delta j y) -sum_minus; apply: eq_bigr => i _.
by rewrite J_is; have ? := softmax_gt0 z i; field; lra.
Qed.

(* B13, thm-bounded *)
Theorem gradient_sum y : \sum_i y i = 1 -> (0 < n)%N -> \sum_j (s j - y j) = 0.
Proof. by move=> one n0; rewrite sum_minus one softmax_sum //; ring. Qed.

Theorem gradient_bounded y j : distribution y -> -1 <= s j - y j <= 1.
Proof.
move=> yd; have := softmax_gt0 z j; have := softmax_le1 z j; have := p_le1 yd j.
by have := yd.1 j; lra.
Qed.

(* B14, thm-squared-error *)
Theorem squared_error y j :
  d/dz_j (fun z => \sum_i (softmax z i - y i) ^ 2 / 2) at z is (\sum_i J z j i * (s i - y i)).
Proof.
evar_last.
  apply: is_derive_sum => i; apply: (is_derive_comp (fun a => (a - y i) ^ 2 / 2)).
    by auto_derive.
  exact: jacobian.
apply: eq_bigr => i _; rewrite J_symmetric J_is /scal /= /mult /=.
by rewrite (_ : softmax (put z j (z j)) i = s i);
  [field | apply: softmax_ext => k; apply: put_same].
Qed.

End Gradient.

(* What the chapter says *)

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

Theorem thm_bounded : Statement.thm_bounded.
Proof.
move=> n y z j y0 one; all; first by apply: gradient_sum one (class_some j).
  by have [] := gradient_bounded z j (conj y0 one).
by have [] := gradient_bounded z j (conj y0 one).
Qed.

Theorem thm_squared_error : Statement.thm_squared_error.
Proof.
move=> n y z j; have by_z i := both (jacobian z j i).
have [|e ->] := both (f := fun t => Statement.Q (softmax (put z j t)) y) (x := z j)
  (l := \sum_i J z j i * (softmax z i - y i)).
  apply: (is_derive_ext (fun t => \sum_i (softmax (put z j t) i - y i) ^ 2 / 2)) => [t|].
    exact: sum_div.
  exact: squared_error.
by all => // i; apply: (proj1 (by_z i)).
Qed.
