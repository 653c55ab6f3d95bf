(* The chapter "Cross-entropy". *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax.
Set Implicit Arguments.
Unset Strict Implicit.

Definition distribution n (p : 'R^n) := (forall i, 0 <= p i) /\ \sum_i p i = 1.

(* S11, for the case that is finite.  In Coq ln 0 is some number, so 0 * ln 0 = 0. *)
Definition cross_entropy n (p q : 'R^n) : R := - \sum_i p i * ln (q i).
Definition entropy n (p : 'R^n) : R := cross_entropy p p.
Definition KL n (p q : 'R^n) : R := \sum_i p i * ln (p i / q i).

(* No class that p gives a share of is impossible under q. *)
Definition possible n (p q : 'R^n) := forall i, q i = 0 -> p i = 0.

(* S12, eq-one-hot *)
Theorem one_hot n (q : 'R^n) k : cross_entropy (fun i => delta i k) q = - ln (q k).
Proof.
rewrite /cross_entropy (eq_bigr (fun i => ln (q i) * delta i k)) ?sum_delta // => i _.
exact: Rmult_comm.
Qed.

Lemma ln_lt x : 0 < x -> x <> 1 -> ln x < x - 1.
Proof.
move=> x0 x1; have ne : ln x <> 0 by move=> e; apply: x1; rewrite -(exp_ln x) // e exp_0.
by have := exp_ineq1 _ ne; rewrite exp_ln //; lra.
Qed.

Lemma ln_le_sub x : 0 < x -> ln x <= x - 1.
Proof.
move=> x0; case: (Req_dec x 1) => [->|x1]; first by rewrite ln_1; lra.
exact/Rlt_le/ln_lt.
Qed.

(* A term of the divergence is at least p - q, and is p - q only if the two are the same. *)
Lemma term_lt p q : 0 <= p -> 0 <= q -> (q = 0 -> p = 0) -> p <> q -> p - q < p * ln (p / q).
Proof.
case=> [p0|<-] [q0|<-] // abs ne; last by rewrite Rmult_0_l; lra.
  have qp : 0 < q / p by apply: Rdiv_lt_0_compat.
  have ne1 : q / p <> 1.
    by move=> e; have : q = q / p * p by [field; lra]; rewrite e; lra.
  have -> : ln (p / q) = - ln (q / p).
    by rewrite -ln_Rinv //; congr ln; field; lra.
  have -> : p - q = p * - (q / p - 1) by field; lra.
  by apply: Rmult_lt_compat_l => //; have := ln_lt qp ne1; lra.
by have := abs erefl; lra.
Qed.

Section Gibbs.
Variables (n : nat) (p q : 'R^n).
Hypotheses (p_dist : distribution p) (q_dist : distribution q) (abs : possible p q).

Let gap i := p i * ln (p i / q i) - (p i - q i).

Lemma gap_ge0 i : 0 <= gap i.
Proof.
rewrite /gap; case: (Req_dec (p i) (q i)) => [e|ne]; last first.
  by have := term_lt (p_dist.1 i) (q_dist.1 i) (@abs i) ne; lra.
rewrite -e; case: (p_dist.1 i) => [p0|<-]; last by lra.
by rewrite /Rdiv Rinv_r ?ln_1; lra.
Qed.

Lemma KL_gap : KL p q = \sum_i gap i.
Proof. by rewrite /gap !sum_minus p_dist.2 q_dist.2 /KL; ring. Qed.

(* B11, thm-gibbs *)
Theorem gibbs : 0 <= KL p q.
Proof. by rewrite KL_gap; apply: sum_ge0 => i _; apply: gap_ge0. Qed.

Theorem gibbs_equal : KL p q = 0 <-> (forall i, p i = q i).
Proof.
split=> [zero i|same].
  apply: Rminus_diag_uniq; case: (Req_dec (p i) (q i)) => [->|ne]; first by ring.
  have := term_lt (p_dist.1 i) (q_dist.1 i) (@abs i) ne.
  by have := sum_eq0 gap_ge0 (etrans (esym KL_gap) zero) i; rewrite /gap; lra.
rewrite /KL big1 // => i _; rewrite -same; case: (p_dist.1 i) => [p0|<-]; last by ring.
by rewrite /Rdiv Rinv_r ?ln_1; lra.
Qed.

(* B10, thm-decomposition *)
Theorem decomposition : cross_entropy p q = entropy p + KL p q.
Proof.
rewrite /entropy /cross_entropy /KL -!sum_opp -sum_split; apply: eq_bigr => i _.
case: (p_dist.1 i) => [p0|<-]; last by ring.
case: (q_dist.1 i) => [q0|q0]; last by have := abs (esym q0); lra.
by rewrite ln_div //; ring.
Qed.

Theorem gibbs_cross : entropy p <= cross_entropy p q.
Proof. by rewrite decomposition; have := gibbs; lra. Qed.

End Gibbs.

Section Entropy.
Variables (n : nat) (p : 'R^n).
Hypothesis p_dist : distribution p.
Let p_ge0 i : 0 <= p i := p_dist.1 i.

Lemma p_le1 i : p i <= 1.
Proof. by rewrite -p_dist.2; apply: sum_term. Qed.

Let term i := - (p i * ln (p i)).

Lemma term_ge0 i : 0 <= term i.
Proof.
rewrite /term; case: (p_ge0 i) => [p0|<-]; last by lra.
by have := ln_le_sub p0; have := p_le1 i; nra.
Qed.

Lemma entropy_terms : entropy p = \sum_i term i.
Proof. by rewrite /term sum_opp. Qed.

(* B9, thm-entropy-range *)
Theorem entropy_ge0 : 0 <= entropy p.
Proof. by rewrite entropy_terms; apply: sum_ge0 => i _; apply: term_ge0. Qed.

Theorem entropy_zero : entropy p = 0 <-> exists k, p k = 1.
Proof.
rewrite entropy_terms; split=> [zero|[k pk]].
  have certain i : p i = 0 \/ p i = 1.
    case: (p_ge0 i) => [p0|<-]; last by left.
    right; case: (Req_dec (p i) 1) => // p1.
    by have := sum_eq0 term_ge0 zero i; have := ln_lt p0 p1; have := p_le1 i; rewrite /term; nra.
  case: (pickP (fun i => ~~ Req_EM_T (p i) 0)) => [k|none].
    by case: Req_EM_T => // pk _; exists k; case: (certain k).
  have: \sum_i p i = 0 by apply: big1 => i _; have := none i; case: Req_EM_T.
  by rewrite p_dist.2; lra.
rewrite (sum_one k) big1 => [|i ik]; first by rewrite /term pk ln_1; ring.
suff pi : p i = 0 by rewrite /term pi; ring.
by have := sum_two p_ge0 ik; rewrite p_dist.2 pk; have := p_ge0 i; lra.
Qed.

Lemma n_gt0 : 0 < INR n.
Proof.
case: n p p_dist => [q [_]|m _ _]; last by apply: lt_0_INR; apply/ltP.
by rewrite big_ord0; lra.
Qed.

Let uniform (i : 'I_n) := / INR n.

Lemma uniform_dist : distribution uniform.
Proof.
have n0 := n_gt0; split=> [i|]; first exact/Rlt_le/Rinv_0_lt_compat.
by rewrite sum_equal Rinv_r; lra.
Qed.

Lemma uniform_possible : possible p uniform.
Proof. by move=> i e; have := Rinv_0_lt_compat _ n_gt0; rewrite (e : / INR n = 0); lra. Qed.

Lemma KL_uniform : KL p uniform = ln (INR n) - entropy p.
Proof.
have := decomposition p_dist uniform_dist uniform_possible.
rewrite {1}/cross_entropy (sum_scaler (ln (/ INR n)) p) p_dist.2 ln_Rinv; last exact: n_gt0.
lra.
Qed.

Theorem entropy_le : entropy p <= ln (INR n).
Proof. by have := gibbs p_dist uniform_dist uniform_possible; rewrite KL_uniform; lra. Qed.

Theorem entropy_full : entropy p = ln (INR n) <-> (forall i, p i = / INR n).
Proof.
have := gibbs_equal p_dist uniform_dist uniform_possible; rewrite KL_uniform.
by case=> to from; split=> [e|e]; [apply: to | have := from e]; lra.
Qed.

End Entropy.

(* S11, def-cross-entropy, with +oo if what happens was held to be impossible. *)
Definition H n (p q : 'R^n) : Rbar :=
  if [exists i, Rlt_dec 0 (p i) && Req_EM_T (q i) 0] then p_infty else cross_entropy p q.

Theorem gibbs_full n (p q : 'R^n) : distribution p -> distribution q ->
  Rbar_le (entropy p) (H p q) /\ (H p q = entropy p <-> forall i, p i = q i).
Proof.
move=> pd qd; rewrite /H; case: existsP => [[i]|none].
  case: Rlt_dec => // pi; case: Req_EM_T => // qi _; split=> //; split=> // same.
  by have := same i; rewrite qi; lra.
have abs : possible p q.
  move=> i qi; case: (pd.1 i) => // pi; case: none; exists i.
  by case: Rlt_dec => //; case: Req_EM_T.
split; first exact: gibbs_cross.
rewrite -(gibbs_equal pd qd abs) (decomposition pd qd abs).
by split=> [[]|->]; [lra | rewrite Rplus_0_r].
Qed.
