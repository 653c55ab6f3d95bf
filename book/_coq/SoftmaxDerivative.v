(* The chapter "The derivative of softmax": what it needs, and then its statements. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Statements Softmax.
Set Implicit Arguments.
Unset Strict Implicit.

(* The partial derivative of f by z_j, at z, exists and is d. *)
Definition is_partial n (f : 'R^n -> R) (z : 'R^n) (j : 'I_n) (d : R) :=
  is_derive (fun t => f (put z j t)) (z j) d.

Notation "'d/dz_' j f 'at' z 'is' d" := (is_partial f z j d)
  (at level 10, j at level 1, f at level 9, z at level 9, d at level 200).

Section Along.
(* Logits z t that move with t, at a time x at which each has a derivative, dz. *)
Variables (n : nat) (z : R -> 'R^n) (x : R) (dz : 'R^n).
Hypothesis moves : forall i, is_derive (fun t => z t i) x (dz i).
Notation s := (softmax (z x)).

Lemma exp_along i : is_derive (fun t => exp (z t i)) x (dz i * exp (z x i)).
Proof. by apply: (is_derive_comp exp); [apply: is_derive_exp | apply: moves]. Qed.

Lemma S_along : is_derive (fun t => \sum_k exp (z t k)) x (\sum_k dz k * exp (z x k)).
Proof. by apply: is_derive_sum => k; apply: exp_along. Qed.

Theorem LSE_along : (0 < n)%N -> is_derive (fun t => LSE (z t)) x (\sum_k s k * dz k).
Proof.
move=> n0; have pos := S_gt0 (z x) (Ordinal n0).
evar_last; first by apply: (is_derive_comp ln); [apply: is_derive_ln | apply: S_along].
rewrite /scal /= /mult /= -sum_scaler; apply: eq_bigr => k _; rewrite /softmax /Rdiv.
by set a := / _; ring.
Qed.

Theorem softmax_along i : is_derive (fun t => softmax (z t) i) x (s i * (dz i - \sum_k s k * dz k)).
Proof.
have n0 : (0 < n)%N by apply: leq_ltn_trans (ltn_ord i).
apply: (is_derive_ext (fun t => exp (z t i - LSE (z t)))) => [t|].
  by rewrite -ln_softmax exp_ln //; apply: softmax_gt0.
evar_last.
  apply: (is_derive_comp exp); first exact: is_derive_exp.
  by apply: is_derive_minus; [apply: moves | apply: LSE_along].
by rewrite -ln_softmax exp_ln; [rewrite /scal /= /mult /= /minus /plus /opp /=; ring | apply: softmax_gt0].
Qed.

End Along.

Lemma put_same n (z : 'R^n) j i : put z j (z j) i = z i.
Proof. by rewrite /put; case: eqP => // ->. Qed.

Lemma put_moves n (z : 'R^n) j i : is_derive (fun t => put z j t i) (z j) (delta i j).
Proof.
rewrite /put /delta; case: eqP => _; [exact: is_derive_id | exact: is_derive_const].
Qed.

Section Jacobian.
Variables (n : nat) (z : 'R^n).
Implicit Types i j k : 'I_n.
Notation s := (softmax z).

(* S5 and S8: eq-numerator-same, eq-numerator-other *)
Theorem numerator_same i : d/dz_i (fun z => exp (z i)) at z is (exp (z i)).
Proof.
evar_last; first exact: (exp_along (put_moves z i)).
by rewrite /= delta_same put_same; ring.
Qed.

Theorem numerator_other i j : i <> j -> d/dz_j (fun z => exp (z i)) at z is 0.
Proof.
move=> /eqP ij; evar_last; first exact: (exp_along (put_moves z j)).
by rewrite /= delta_other //; ring.
Qed.

(* S6 and S9: eq-denominator-same, eq-denominator-other *)
Theorem denominator j : d/dz_j (fun z => \sum_k exp (z k)) at z is (exp (z j)).
Proof.
evar_last; first exact: (S_along (put_moves z j)).
rewrite (eq_bigr (fun k => exp (z k) * delta k j)) ?sum_delta // => k _.
by rewrite put_same; ring.
Qed.

(* S16 and B5: eq-derivative, thm-jacobian *)
Theorem jacobian i j : d/dz_j (fun z => softmax z i) at z is (s i * (delta i j - s j)).
Proof.
evar_last; first by apply: (softmax_along (put_moves z j)).
rewrite (eq_bigr (fun k => s k * delta k j)) ?sum_delta => [|k _].
  by congr (_ * (_ - _)); apply: softmax_ext => k; apply: put_same.
by congr (_ * _); apply: softmax_ext => l; apply: put_same.
Qed.

(* S7, eq-case-same *)
Theorem case_same i : d/dz_i (fun z => softmax z i) at z is (s i * (1 - s i)).
Proof. by have := jacobian i i; rewrite delta_same. Qed.

(* S10, eq-case-other *)
Theorem case_other i j : i <> j -> d/dz_j (fun z => softmax z i) at z is (- (s i * s j)).
Proof.
move=> /eqP ij; have := jacobian i j; rewrite delta_other //.
by congr (is_partial _ _ _ _); ring.
Qed.

(* B8, thm-gradient-lse *)
Theorem gradient_LSE j : d/dz_j (@LSE n) at z is (s j).
Proof.
evar_last; first by apply: (LSE_along (put_moves z j)); apply: leq_ltn_trans (ltn_ord j).
by rewrite sum_delta; apply: softmax_ext => k; apply: put_same.
Qed.

Definition J i j := Derive (fun t => softmax (put z j t) i) (z j).

Lemma J_is i j : J i j = s i * (delta i j - s j).
Proof. exact: is_derive_unique (jacobian i j). Qed.

(* B6, thm-symmetry *)
Theorem J_symmetric i j : J i j = J j i.
Proof.
by rewrite !J_is /delta eq_sym; case: eqP => [->|_]; ring.
Qed.

Theorem J_row i : \sum_j J i j = 0.
Proof.
rewrite (eq_bigr (fun j => s i * (delta i j - s j))) => [|j _]; last exact: J_is.
rewrite sum_scale sum_minus (sum_s _ i) (eq_bigr (fun j => 1 * delta j i)) => [|j _].
  by rewrite (sum_delta i (fun=> 1)); ring.
by rewrite delta_sym; ring.
Qed.

Theorem J_column j : \sum_i J i j = 0.
Proof. by rewrite -{2}(J_row j); apply: eq_bigr => i _; apply: J_symmetric. Qed.

End Jacobian.

Definition sigma x := 1 / (1 + exp (- x)).

Theorem sigma_slope x : is_derive sigma x (sigma x * (1 - sigma x)).
Proof.
have e := exp_pos (- x).
by rewrite /sigma; auto_derive; [lra | field; lra].
Qed.

Lemma sum_2 (f : 'R^2) : \sum_i f i = f ord0 + f ord_max.
Proof.
by rewrite big_ord_recl big_ord_recl big_ord0 /= Rplus_0_r; congr (_ + f _); apply/val_inj.
Qed.

(* What the chapter says *)

Lemma both f x l : is_derive f x l -> ex_derive f x /\ Derive f x = l.
Proof. by move=> d; split; [exists l | apply: is_derive_unique]. Qed.

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

Theorem thm_jacobian : Statement.thm_jacobian.
Proof. by move=> n z i j; have [? ->] := both (jacobian z i j); split=> //; ring. Qed.

Theorem thm_symmetry : Statement.thm_symmetry.
Proof.
move=> n z i j; have by_z k l := both (jacobian z k l).
all; try by move=> *; apply: (proj1 (by_z _ _)).
- exact: J_symmetric.
- exact: J_row.
exact: J_column.
Qed.

Lemma sum_of_two n (c1 c2 : 'I_n) (f : 'R^n) :
  Statement.count n = 2 -> c1 <> c2 -> \sum_i f i = f c1 + f c2.
Proof.
rewrite count_n => n2; have {}n2 : n = 2%N by apply: INR_eq; rewrite n2.
subst n; rewrite sum_2 => ne.
have [[-> ->]|[-> ->]] : c1 = ord0 /\ c2 = ord_max \/ c1 = ord_max /\ c2 = ord0.
- case: c1 c2 ne => [[|[|//]] p1] [[|[|//]] p2] ne.
  + by case: ne; apply: val_inj.
  + by left; split; apply: val_inj.
  + by right; split; apply: val_inj.
  by case: ne; apply: val_inj.
- by [].
exact: Rplus_comm.
Qed.

Section TwoClasses.
Variables (n : nat) (z : 'R^n) (c1 c2 : 'I_n).
Hypotheses (n2 : Statement.count n = 2) (ne : c1 <> c2).

Lemma two_first : softmax z c1 = Statement.sigma_gap z c1 c2.
Proof.
rewrite /softmax (sum_of_two _ n2 ne) /Statement.sigma_gap Ropp_minus_distr /Rminus exp_plus exp_Ropp.
by have := exp_pos (z c1); have := exp_pos (z c2) => *; field; lra.
Qed.

Lemma two_second : softmax z c2 = 1 - Statement.sigma_gap z c1 c2.
Proof. by rewrite -two_first -(sum_s z c1) (sum_of_two _ n2 ne); ring. Qed.

Lemma two_back : Statement.sigma_gap_back z c1 c2 = 1 - Statement.sigma_gap z c1 c2.
Proof.
rewrite /Statement.sigma_gap_back /Statement.sigma_gap exp_Ropp.
by have := exp_pos (z c1 - z c2) => *; field; lra.
Qed.
End TwoClasses.

Theorem thm_logistic : Statement.thm_logistic.
Proof.
move=> n z c1 c2 x ne n2; have e := exp_pos (- (z c1 - z c2)); have ex := exp_pos (- x).
have [? ->] := both (sigma_slope x).
all => //; try lra; [exact: two_first | exact: two_second].
Qed.
