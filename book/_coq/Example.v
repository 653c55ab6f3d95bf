(* The example in numbers (S4), by interval arithmetic that Coq itself checks. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Interval Require Import Tactic.
From Book Require Import Sums Softmax.
Set Implicit Arguments.
Unset Strict Implicit.

(* S4, eq-example *)
Definition example : 'R^3 := fun i => nth 0 [:: 2; 1; 1 / 10] i.

Lemma sum_3 (f : 'R^3) : \sum_i f i = f ord0 + f (lift ord0 ord0) + f ord_max.
Proof.
rewrite !big_ord_recl big_ord0 /= Rplus_0_r -Rplus_assoc.
by congr (_ + f _ + f _); apply/val_inj.
Qed.

Theorem example_in_numbers :
  [/\ Rabs (softmax example ord0 - 0.659001138885968) <= 5e-16,
      Rabs (softmax example (lift ord0 ord0) - 0.242432970704714) <= 5e-16 &
      Rabs (softmax example ord_max - 0.098565890409318) <= 5e-16].
Proof. by rewrite /softmax sum_3 /example /=; split; interval with (i_prec 80). Qed.
