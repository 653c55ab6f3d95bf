(* The words of the statements.  Whoever wants to know what is proved reads this file and
   Statements.v; the proofs he may leave to Coq. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Global Open Scope R_scope.

(* A vector has a number for each of n classes. *)
Notation "''R^' n" := ('I_n -> R) (at level 8, n at level 2, format "''R^' n").

(* The sum over all classes, and the sum over those of a set. *)
Notation "\sum_ i F" := (\big[Rplus/0]_i F) : R_scope.
Notation "\sum_ ( i | P ) F" := (\big[Rplus/0]_(i | P%B) F) : R_scope.
Notation "\sum_ ( i 'in' A ) F" := (\big[Rplus/0]_(i in A) F) : R_scope.
Notation "\sum_ ( i : T ) F" := (\big[Rplus/0]_(i : T) F) : R_scope.
Notation "\sum_ ( i < n ) F" := (\big[Rplus/0]_(i < n) F) : R_scope.
Notation "\sum_ ( i <- r ) F" := (\big[Rplus/0]_(i <- r) F) : R_scope.
Notation "\sum_ ( i <- r | P ) F" := (\big[Rplus/0]_(i <- r | P%B) F) : R_scope.

(* Kronecker's delta *)
Definition delta (I : finType) (i j : I) : R := if i == j then 1 else 0.

Definition softmax n (z : 'R^n) (i : 'I_n) : R := exp (z i) / \sum_k exp (z k).

(* A vector, and a matrix, with the number t at one place *)
Definition put n (z : 'R^n) (j : 'I_n) (t : R) : 'R^n := fun i => if i == j then t else z i.
Definition put_at r c (M : 'I_r -> 'R^c) k j t : 'I_r -> 'R^c :=
  fun k' => if k' == k then put (M k) j t else M k'.

(* The largest number of a set of classes that is not empty, the largest of all, the smallest *)
Definition largest_in n (A : {set 'I_n}) (f : 'R^n) : R :=
  if [pick i in A] is Some i then \big[Rmax/f i]_(k in A) f k else 0.
Definition largest n (f : 'R^n) : R := largest_in setT f.
Definition smallest n (f : 'R^n) : R := - largest (fun i => - f i).

(* The pair of m and a; or that of -oo and 0, which has no two numbers *)
Inductive pair := Nothing | Pair (m a : R).

Definition merge (x y : pair) : pair :=
  match x, y with
  | Nothing, _ => y
  | _, Nothing => x
  | Pair m1 a1, Pair m2 a2 =>
      let m := Rmax m1 m2 in Pair m (a1 * exp (m1 - m) + a2 * exp (m2 - m))
  end.
