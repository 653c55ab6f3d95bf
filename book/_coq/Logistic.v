(* Two classes (B7, thm-logistic; B28, thm-binary). *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Derivative CrossEntropy Gradient Variants.
Set Implicit Arguments.
Unset Strict Implicit.

Lemma sum_2 (f : 'R^2) : \sum_i f i = f ord0 + f ord_max.
Proof.
by rewrite big_ord_recl big_ord_recl big_ord0 /= Rplus_0_r; congr (_ + f _); apply/val_inj.
Qed.

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
