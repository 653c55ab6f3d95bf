(* The book's theorems. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Derivative CrossEntropy Gradient Stability Training Variants
  Logistic Limits Network Scale Statements Proofs.
Set Implicit Arguments.
Unset Strict Implicit.

Theorem def_softmax : Statement.def_softmax.
Proof. by move=> n z i; all => //; positive i. Qed.

Lemma at_least_two n : 2 <= Statement.count n -> (2 <= n)%N.
Proof. by rewrite count_n => n2; apply/leP/INR_le. Qed.

Theorem thm_range : Statement.thm_range.
Proof.
move=> n z i; all; [exact: sum_s z i | exact: softmax_gt0 | |].
  by move=> /at_least_two; apply: softmax_lt1.
by rewrite count_n => n1; apply: softmax_one; apply: INR_eq.
Qed.

Theorem thm_ratio : Statement.thm_ratio.
Proof.
move=> n z i j; all; first positive j.
- by move=> x; lra.
- exact: softmax_ratio.
- exact: exp_ineq1_le.
- apply: filterlim_filter_le_1 is_lim_div_expm1_0 => P [d near]; exists d => x xd x0.
  by apply: near => //; apply: Rgt_not_eq.
exact: is_lim_div_exp_p.
Qed.

Theorem thm_temperature : Statement.thm_temperature.
Proof.
move=> n z A i top; have pos T : 0 < T -> T <> 0 by lra.
have card : i \in A -> INR #|A| <> 0.
  by move=> iA; apply: not_0_INR; apply/eqP; rewrite cards_eq0; apply/set0Pn; exists i.
have ends := @cold n z A (fun k => iff_trans (top k) (iff_refl _)) i.
all => //.
- by move=> *; positive i.
- exact: count_ne i.
- by rewrite count_n /Rdiv Rmult_1_l; apply: hot.
- by move=> iA; move: ends; rewrite iA /Rdiv Rmult_1_l.
by move=> /negbTE iA; move: ends; rewrite iA.
Qed.

Theorem thm_lse : Statement.thm_lse.
Proof.
move=> n z n0; have i := Ordinal n0; have [k zk] := largest_some z i.
rewrite -/(Statement.top z) in zk; set m := Statement.top z in zk *.
have le j : z j <= m by apply: largest_ge.
have S0 := S_gt0 z i; have n_pos : 0 < Statement.count n by rewrite count_n; apply/lt_0_INR/ltP.
have bounds : m <= LSE z <= m + ln (Statement.count n).
  by rewrite count_n; apply: LSE_bounds; split=> //; exists k.
rewrite -[Statement.LSE]/LSE; all => //; try by case: bounds.
- move=> /at_least_two n2; rewrite zk -{1}[z k]ln_exp; apply: ln_increasing; first exact: exp_pos.
  have [j jk] : exists j, j != k.
    case: (pickP (predC1 k)) => [j ?|none]; first by exists j.
    have: (1 < #|'I_n|)%N by rewrite card_ord.
    by rewrite (cardD1 k) eq_card0 // => j; rewrite !inE andbT; apply: none.
  have pos l : 0 <= exp (z l) by apply/Rlt_le/exp_pos.
  by have := sum_two pos jk; have := exp_pos (z j); lra.
split; last first.
- move=> same; rewrite /LSE (eq_bigr (fun=> exp m)) => [|j _]; last by rewrite zk (same j k).
  by rewrite sum_equal -count_n ln_mult ?ln_exp; [ring | | exact: exp_pos].
- move=> e j l; suff all_m o : z o = m by rewrite !all_m.
  have gap a : 0 <= exp m - exp (z a) by have := exp_le (le a); lra.
  suff zero : \sum_a (exp m - exp (z a)) = 0.
    by apply: exp_inv; have := sum_eq0 gap zero o; lra.
  by rewrite sum_minus sum_equal -(exp_LSE z i) e exp_plus exp_ln // count_n; ring.
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

Theorem eq_one_hot : Statement.eq_one_hot.
Proof.
move=> n q y k q0 _ hot; all => //.
rewrite -(one_hot q k) /cross_entropy /Statement.H_yq; congr (- _).
by apply: eq_bigr => i _; rewrite hot.
Qed.

Theorem thm_entropy_range : Statement.thm_entropy_range.
Proof.
move=> n p n0 p0 one; have k := Ordinal n0; have pd : distribution p by [].
rewrite /Statement.thm_entropy_range count_n -[Statement.H_p_ p]/(entropy p).
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
rewrite -[Statement.KL_ p q]/(KL p q) -[Statement.H_pq_ p q]/(cross_entropy p q)
  -[Statement.H_p_ p]/(entropy p).
all => //.
- by move=> m /qp; lra.
- by move=> m ne; apply: Rdiv_lt_0_compat; [apply: pp | apply: qp].
- exact: gibbs.
- exact: gibbs_cross.
by split=> [e|/same]; [apply/same | ]; lra.
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

Theorem thm_lipschitz : Statement.thm_lipschitz.
Proof.
move=> n v z eps n0 near; have i := Ordinal n0; all; try positive i.
apply: (@LSE_lipschitz n z (fun i => z i + v i)) => // k.
by rewrite (_ : z k + v k - z k = v k) //; ring.
Qed.

Theorem thm_conditioning : Statement.thm_conditioning.
Proof.
move=> n v z i j k eps near; set z' := fun i => z i + v i.
have gap l : Rabs (z' l - z l) <= eps by rewrite (_ : z' l - z l = v l) /z' //; ring.
have small (w : 'R^n) l : Rabs (ln (softmax w l)) = - ln (softmax w l).
  apply: Rabs_left1; rewrite -ln_1; apply: ln_le (softmax_le1 w l); exact: softmax_gt0.
rewrite -[Statement.s_moved v z]/(softmax z') !small.
have bounds o := surprise_near o gap; have grad := gradient_near gap k j.
all; try positive i; try (by case: (softmax_near gap i)); try (by case: grad);
  try (by case: (bounds i)); by case: (bounds k).
Qed.

Lemma examples_n N : Statement.examples N = INR N.
Proof. by rewrite /Statement.examples sum_equal; ring. Qed.

Section Backpropagation.
Variables (N D M n : nat) (b : 'R^M) (c : 'R^n) (X : 'I_N -> 'R^D) (Y : 'I_N -> 'R^n).
Hypotheses (N0 : (0 < N)%N) (Y1 : forall r, \sum_m Y r m = 1).

Lemma examples_ne : Statement.examples N <> 0.
Proof. by rewrite examples_n; apply/not_0_INR/eqP; rewrite -lt0n. Qed.

Lemma cost_is (b' : 'R^M) (c' : 'R^n) (U : 'I_D -> 'R^M) (W : 'I_M -> 'R^n) : Statement.barL_UWXY b' c' U W X Y = mean_loss X Y b' c' U W.
Proof. by rewrite /Statement.barL_UWXY examples_n. Qed.

Lemma G_is (U : 'I_D -> 'R^M) (W : 'I_M -> 'R^n) r j : Statement.G_UWXY b c U W X Y j r = G X Y b c U W r j.
Proof. by rewrite /Statement.G_UWXY examples_n. Qed.

Lemma dL_dA_is (U : 'I_D -> 'R^M) (W : 'I_M -> 'R^n) r g : Statement.dL_dA b c U W X Y g r
  = (\sum_j G X Y b c U W r j * W g j) * (1 - hidden X b U r g ^ 2).
Proof. by rewrite /Statement.dL_dA; congr (_ * _); apply: eq_bigr => j _; rewrite G_is. Qed.

Lemma by_c (U : 'I_D -> 'R^M) (W : 'I_M -> 'R^n) j : is_derive (fun t => Statement.barL_UWXY b (put c j t) U W X Y) (c j)
  (\sum_r Statement.G_UWXY b c U W X Y j r).
Proof.
apply: (is_derive_ext (fun t => mean_loss X Y b (put c j t) U W)) => [t|].
  by rewrite cost_is.
evar_last; first exact: constants.
by apply: eq_bigr => r _; rewrite G_is.
Qed.
End Backpropagation.

Theorem thm_backpropagation : Statement.thm_backpropagation.
Proof.
move=> D M N n b c U W X Y Z f g j r Y1; have N0 := class_some r.
have ne := examples_ne N0.
have [|eZ ->] := both (f := fun t => Statement.barL Y (put_at Z r j t)) (x := Z r j)
    (l := Statement.G Y Z j r).
  apply: (is_derive_ext (fun t => (\sum_o loss (Y o) (put_at Z r j t o)) / INR N)) => [t|].
    by rewrite /Statement.barL examples_n.
  evar_last; first by apply: (mean_loss_along N0 Y1) => o m; apply: put_at_moves.
  have same o m : softmax (put_at Z r j (Z r j) o) m = softmax (Z o) m.
    by apply: softmax_ext => k; rewrite put_at_same.
  rewrite (eq_bigr (fun o => (softmax (Z o) j - Y o j) / INR N * delta o r)) => [|o _].
    by rewrite sum_delta /Statement.G examples_n.
  rewrite (eq_bigr (fun m => (softmax (Z o) m - Y o m) / INR N * delta o r * delta m j)).
    by rewrite sum_delta.
  by move=> m _; rewrite same; ring.
have [|eW ->] := both (f := fun t => Statement.barL_UWXY b c U (put_at W g j t) X Y)
    (x := W g j) (l := \sum_r Statement.H b U X g r * Statement.G_UWXY b c U W X Y j r).
  apply: (is_derive_ext (fun t => mean_loss X Y b c U (put_at W g j t))) => [t|].
    by rewrite cost_is.
  by evar_last; [apply: above | apply: eq_bigr => o _; rewrite G_is].
have [ec ->] := both (by_c b c X N0 Y1 U W j).
have [|eU ->] := both (f := fun t => Statement.barL_UWXY b c (put_at U f g t) W X Y)
    (x := U f g) (l := \sum_r X r f * Statement.dL_dA b c U W X Y g r).
  apply: (is_derive_ext (fun t => mean_loss X Y b c (put_at U f g t) W)) => [t|].
    by rewrite cost_is.
  by evar_last; [apply: below | apply: eq_bigr => o _; rewrite dL_dA_is].
have [|eb ->] := both (f := fun t => Statement.barL_UWXY (put b g t) c U W X Y)
    (x := b g) (l := \sum_r Statement.dL_dA b c U W X Y g r).
  apply: (is_derive_ext (fun t => mean_loss X Y (put b g t) c U W)) => [t|].
    by rewrite cost_is.
  by evar_last; [apply: below_bias | apply: eq_bigr => o _; rewrite dL_dA_is].
by all => // *; positive j.
Qed.

Theorem thm_shares : Statement.thm_shares.
Proof.
move=> D M N n b c U W X Y j N0 Y1; have [e ->] := both (by_c b c X N0 Y1 U W j).
have sums : \sum_r Statement.G_UWXY b c U W X Y j r
    = (\sum_r Statement.s_UWX b c U W X j r) / Statement.examples N
      - (\sum_r Y r j) / Statement.examples N.
  by rewrite /Statement.G_UWXY sum_div sum_minus /Rdiv; ring.
by all; try (by intros; positive j); try exact: examples_ne; rewrite ?sums // => *; lra.
Qed.

Theorem thm_hessian : Statement.thm_hessian.
Proof.
move=> n v y z i j one; have by_z l m := both (jacobian z l m).
have [eL _] := both (gradient_any z j one); have [e2 d2] := both (hessian z one i j).
all; try (by move=> *; apply: (proj1 (by_z _ _))); try by move=> m; apply: softmax_gt0.
- exact: eL.
- exact: e2.
- exact: d2.
by apply: curvature_ge0; apply: softmax_sum (some one).
Qed.

Theorem thm_convex : Statement.thm_convex.
Proof.
move=> n v y z n0 one; have k := Ordinal n0.
have up := @loss_convex n z y v one; have down := @loss_smooth n z y v one
  (smallest v) (largest v) (fun i => conj (smallest_le v i) (largest_ge v i)).
rewrite -[Statement.L_moved v y z]/(loss y (fun i => z i + v i))
  -[Statement.L (softmax z) y]/(loss y z).
rewrite -[Statement.maxv v]/(largest v) -[Statement.minv v]/(smallest v).
by all; try (by intros; positive k); lra.
Qed.

Theorem thm_distillation : Statement.thm_distillation.
Proof.
move=> n v z j; have pos T : 0 < T -> T <> 0 by lra.
have n0 := count_ne j.
all => // [T|T|]; try by intros; positive j.
rewrite count_n in n0 *.
have -> : 1 / INR n * (z j - Statement.meanz z - (v j - Statement.meanv v))
    = ((z j - average z) - (v j - average v)) / INR n.
  by rewrite /Statement.meanz /Statement.meanv /average !count_n; field.
exact: distillation_limit.
Qed.

Theorem thm_weighted_mean : Statement.thm_weighted_mean.
Proof.
move=> N n w Y Z j r Y1 W0.
have [|e ->] := both (f := fun t => Statement.M_wYZ w Y (put_at Z r j t)) (x := Z r j)
    (l := w r / Statement.weights w * (Statement.s_Z Z j r - Y r j)).
  by evar_last; [exact: (weighted_mean Z (w := w) (b := r) j W0 (Y1 r)) |
    rewrite -[Statement.s_Z Z j r]/(softmax (Z r) j) -/(Statement.weights w); field].
by all => //; try (by intros; positive j); move=> ->; field.
Qed.

Theorem thm_binary : Statement.thm_binary.
Proof.
move=> n y z c1 c2 one ne n2; have e := exp_pos (z c1 - z c2); have e' := exp_pos (- (z c1 - z c2)).
have first := two_first z n2 ne; have second := two_second z n2 ne; have back := two_back z c1 c2.
all => //; try lra.
- by move=> m; apply: softmax_gt0.
- by rewrite -first; apply: softmax_gt0.
- by rewrite back -second; apply: softmax_gt0.
rewrite /Statement.L (sum_of_two _ n2 ne) first second back.
have -> : y c2 = 1 - y c1 by rewrite -one (sum_of_two _ n2 ne); ring.
ring.
Qed.

Theorem thm_fitted : Statement.thm_fitted.
Proof.
move=> n y z beta n0 one; have k := Ordinal n0.
have slope x := both (fitted_slope z one x).
have [convex var] := fitted_convex z one beta.
have [|e d] := both (f := fun beta => Derive (fun beta => Statement.L_beta y z beta) beta)
    (x := beta) (l := variance (softmax (fun i => beta * z i)) z).
  apply: is_derive_ext convex => t; by have [_ ->] := slope t.
by all => // *; try positive k; [case: (slope beta) | rewrite d].
Qed.

Theorem thm_merge : Statement.thm_merge.
Proof.
move=> n z A B n0 [k1 A1] [k2 B2] dis.
have pairs (C : {set 'I_n}) k : k \in C ->
    pair_of z C (Pair (largest_in C (fun k => z k)) (\sum_(k in C) exp (z k - largest_in C (fun k => z k)))).
  move=> kC; have [i iC e] := largest_in_some (fun k => z k) kC; split=> //; last by exists i.
  by move=> l lC; apply: (largest_in_ge (fun k => z k)).
split; first by have := pair_meaning (pairs A k1 A1).
have := merge_pairs dis (pairs A k1 A1) (pairs B k2 B2).
rewrite /merge /= -/(Statement.m_A z A) -/(Statement.m_B z B) -/(Statement.a_A z A) -/(Statement.a_B z B).
set m := Rmax _ _ => -[le [k kC e] ->].
have -> : m = Statement.m_AB z A B.
  by rewrite /Statement.m_AB (largest_in_is kC) // => i /le; rewrite e.
by [].
Qed.

Theorem thm_associative : Statement.thm_associative.
Proof.
move=> a1 a2 m1 m2 P1 P2 P3; all => //; [by rewrite mergeA | exact: mergeC | exact: (merge_nothing P1).2].
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
