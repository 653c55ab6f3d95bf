(* The chapter "Training": a network of two layers (B17, thm-backpropagation; B21, thm-shares). *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Derivative CrossEntropy Gradient.
Set Implicit Arguments.
Unset Strict Implicit.

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
