(* The example in numbers (S4), by interval arithmetic that Coq itself checks. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Interval Require Import Tactic.
From Book Require Import Language Statements.
Set Implicit Arguments.
Unset Strict Implicit.

Theorem eq_example : Statement.eq_example.
Proof.
split; first by have := exp_pos 2; have := exp_pos 1; have := exp_pos 0.1; lra.
by split; [|split]; interval with (i_prec 80).
Qed.
