(* The chapter "Cross-entropy": what it needs, and then its statements. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Statements Softmax SoftmaxDerivative.
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

(* What the chapter says *)

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

Theorem eq_one_hot : Statement.eq_one_hot.
Proof.
move=> n q y k q0 _ hot; all => //.
rewrite -(one_hot q k) /cross_entropy /Statement.H_yq; congr (- _).
by apply: eq_bigr => i _; rewrite hot.
Qed.

Theorem thm_entropy_range : Statement.thm_entropy_range.
Proof.
move=> n p n0 p0 one; have k := Ordinal n0; have pd : distribution p by [].
rewrite /Statement.thm_entropy_range count_n -[Statement.H_p p]/(entropy p).
have n_pos : 0 < INR n by apply/lt_0_INR/ltP.
have inv : 1 / INR n = / INR n by rewrite /Rdiv Rmult_1_l.
all; try lra.
- by move=> i; have := p0 i; lra.
- exact: entropy_ge0.
- exact: entropy_le.
- exact: entropy_zero.
split.
- by move=> /(entropy_full pd) same i; rewrite inv.
by move=> same; apply/(entropy_full pd) => i; rewrite same inv.
Qed.

Section Possible.
Variables (n : nat) (p q : 'R^n).
Hypotheses (p0 : forall m, 0 <= p m) (q0 : forall m, 0 <= q m).
Hypothesis possible_q : forall i, q i = 0 -> p i = 0.

Lemma p_pos m : p m <> 0 -> 0 < p m.
Proof. by have := p0 m; lra. Qed.

Lemma q_pos m : p m <> 0 -> 0 < q m.
Proof. by move=> pm; have := q0 m; case=> // e; case: pm; apply: possible_q. Qed.
End Possible.

Theorem thm_decomposition : Statement.thm_decomposition.
Proof.
move=> n p q n0 p0 p1 q0 q1 abs; have qp := q_pos q0 abs; have pp := p_pos p0.
all => //; [by move=> m /qp; lra | |exact: decomposition].
by move=> m ne; apply: Rdiv_lt_0_compat; [apply: pp | apply: qp].
Qed.

Theorem thm_gibbs : Statement.thm_gibbs.
Proof.
move=> n p q n0 p0 p1 q0 q1 abs; have qp := q_pos q0 abs; have pp := p_pos p0.
have pd : distribution p by []. have qd : distribution q by [].
have same := gibbs_equal pd qd abs; have parts := decomposition pd qd abs.
rewrite -[Statement.KL p q]/(KL p q) -[Statement.H_pq p q]/(cross_entropy p q)
  -[Statement.H_p p]/(entropy p).
all => //.
- by move=> m /qp; lra.
- by move=> m ne; apply: Rdiv_lt_0_compat; [apply: pp | apply: qp].
- exact: gibbs.
- exact: gibbs_cross.
by split=> [e|/same]; [apply/same | ]; lra.
Qed.

Lemma filterlim_sum (I : finType) (F : (R -> Prop) -> Prop) (f : I -> R -> R) (l : I -> R) :
  Filter F -> (forall i, filterlim (f i) F (locally (l i))) ->
  filterlim (fun t => \sum_i f i t) F (locally (\sum_i l i)).
Proof.
move=> FF lim; rewrite /index_enum; elim: (Finite.enum I) => [|i r IH].
  apply: (filterlim_ext (fun=> 0)) => [t|]; first by rewrite big_nil.
  by rewrite big_nil; apply: filterlim_const.
rewrite big_cons; apply: (filterlim_ext (fun t => f i t + \sum_(j <- r) f j t)) => [t|].
  by rewrite big_cons.
apply: (filterlim_comp_2 (f i) _ Rplus); [exact: lim | exact: IH |].
exact: (filterlim_plus (K := R_AbsRing) (V := R_NormedModule)).
Qed.

Section AlmostImpossible.
Variables (n : nat) (p q : 'R^n) (k : 'I_n).
Hypotheses (pd : distribution p) (qd : distribution q).
Let f x := - (\sum_m p m * ln (q m + x)).

Lemma nearly_possible : (forall i, q i = 0 -> p i = 0) ->
  filterlim f (at_right 0) (locally (cross_entropy p q)).
Proof.
move=> abs; apply: (filterlim_comp _ _ _ (fun x => \sum_m p m * ln (q m + x)) Ropp _
  (locally (\sum_m p m * ln (q m)))); last exact: (filterlim_opp (K := R_AbsRing) (V := R_NormedModule)).
apply: filterlim_sum => m; case: (Req_dec (p m) 0) => [->|pm].
  apply: (filterlim_ext (fun=> 0)) => [t|]; first by rewrite Rmult_0_l.
  by rewrite Rmult_0_l; apply: filterlim_const.
have qm : 0 < q m by apply: q_pos pm => //; apply: qd.1.
have -> : p m * ln (q m) = p m * ln (q m + 0) by rewrite Rplus_0_r.
have : continuous (fun x => p m * ln (q m + x)) 0.
  by apply: (ex_derive_continuous (fun x => p m * ln (q m + x))); auto_derive; lra.
by apply: filterlim_filter_le_1; apply: filter_le_within.
Qed.

Lemma impossible : 0 < p k -> q k = 0 -> filterlim f (at_right 0) (Rbar_locally p_infty).
Proof.
move=> pk qk P [M high]; pose far := exp (- (M + ln 2) / p k).
have d0 : 0 < Rmin 1 far by apply: Rmin_glb_lt; [lra | exact: exp_pos].
exists (mkposreal _ d0) => y yd y0; apply: high; rewrite /f (sum_one k) qk Rplus_0_l.
have {}yd : y < Rmin 1 far.
  by move: yd; rewrite /ball /= /AbsRing_ball /abs /minus /plus /opp /= Ropp_0 Rplus_0_r Rabs_pos_eq; lra.
have y1 : y < 1 by have := Rmin_l 1 far; lra.
have y_far : y < far by have := Rmin_r 1 far; lra.
have rest : \sum_(m | m != k) p m * ln (q m + y) <= \sum_(m | m != k) p m * ln 2.
  apply: sum_le => m _; apply: Rmult_le_compat_l; first exact: pd.1.
  by apply: ln_le; have := qd.1 m; have := p_le1 qd m; lra.
have share : \sum_(m | m != k) p m * ln 2 = (1 - p k) * ln 2.
  by rewrite -pd.2 (sum_one k) -big_distrl /=; ring.
have ln2 : 0 < ln 2 by have := ln_lt_2; lra.
have : p k * ln y < - (M + ln 2).
  have -> : - (M + ln 2) = p k * (- (M + ln 2) / p k) by field; lra.
  by apply: Rmult_lt_compat_l => //; rewrite -(ln_exp (_ / _)); apply: ln_increasing.
by have := Rmult_lt_0_compat _ _ pk ln2; lra.
Qed.
End AlmostImpossible.

Theorem def_cross_entropy : Statement.def_cross_entropy.
Proof.
move=> n p q k p0 p1 q0 q1; have pos m x : 0 < x -> 0 < q m + x by have := q0 m; lra.
all; try by move=> _ x x0 m; apply: pos.
- by move=> abs m; apply: q_pos.
- by move=> abs; apply: nearly_possible.
by move=> [pk qk]; apply: (impossible (k := k)).
Qed.
