(* Temperature: B3, thm-temperature. *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Derivative.
Set Implicit Arguments.
Unset Strict Implicit.

Lemma is_lim_sum (I : finType) (f : I -> R -> R) (l : I -> R) (x : Rbar) :
  (forall i, is_lim (f i) x (l i)) -> is_lim (fun t => \sum_i f i t) x (\sum_i l i).
Proof.
move=> lim; rewrite /index_enum; elim: (Finite.enum I) => [|i r IH].
  rewrite big_nil; apply: (is_lim_ext (fun=> 0)) => [t|]; first by rewrite big_nil.
  exact: is_lim_const.
rewrite big_cons; apply: (is_lim_ext (fun t => f i t + \sum_(j <- r) f j t)) => [t|].
  by rewrite big_cons.
exact: is_lim_plus'.
Qed.

Lemma is_lim_quotient (f g : R -> R) (x : Rbar) (a b : R) :
  is_lim f x a -> is_lim g x b -> b <> 0 -> is_lim (fun t => f t / g t) x (a / b).
Proof.
move=> fa gb b0; have e : Rbar_div a b = a / b by rewrite /Rbar_div /Rbar_inv /=.
by rewrite -e; apply: is_lim_div => //; case.
Qed.

Section Temperature.
Variables (n : nat) (z : 'R^n).
Notation s_T T := (softmax (fun k => z k / T)).

Theorem hot i : is_lim (fun T => s_T T i) p_infty (/ INR n).
Proof.
have lim k : is_lim (fun T => exp (z k / T)) p_infty 1.
  rewrite -exp_0; apply: is_lim_comp_continuous; last exact: continuous_exp.
  apply: (is_lim_ext (fun T => z k * / T)) => //.
  rewrite -[X in is_lim _ _ (Finite X)](Rmult_0_r (z k)).
  apply: (is_lim_scal_l _ _ _ (Finite 0)).
  by apply: (is_lim_inv _ _ p_infty) => //; apply: is_lim_id.
have n0 : INR n <> 0 by apply/not_0_INR/eqP; rewrite -lt0n; apply: class_some i.
have -> : / INR n = 1 / INR n by field.
apply: is_lim_quotient => //.
have -> : INR n = \sum_(k < n) 1 by rewrite sum_equal; ring.
exact: is_lim_sum.
Qed.

(* The classes of the largest logit. *)
Variable top : {set 'I_n}.
Hypothesis top_largest : forall k, k \in top <-> (forall i, z i <= z k).

Theorem cold i :
  filterlim (fun T => s_T T i) (at_right 0)
    (locally (if i \in top then / INR #|top| else 0)).
Proof.
have [m m_top] : exists m, m \in top.
  by have [m le] := largest_exists z i; exists m; apply/top_largest.
have lim k : is_lim (fun u => exp (u * (z k - z m))) p_infty (if k \in top then 1 else 0).
  case: ifP => kt.
    apply: (is_lim_ext (fun=> 1)) => [u|]; last exact: is_lim_const.
    have -> : z k = z m.
      by apply: Rle_antisym; [apply: (proj1 (top_largest m)) | apply: (proj1 (top_largest k))].
    by rewrite Rminus_eq_0 Rmult_0_r exp_0.
  have neg : z k - z m < 0.
    have /top_largest le := m_top; case: (le k) => [lt|e]; first by lra.
    by move: kt => /negP[]; apply/top_largest => j; rewrite e.
  apply: (is_lim_comp exp _ _ _ m_infty); first exact: is_lim_exp_m.
    have := is_lim_scal_r id (z k - z m) p_infty p_infty (is_lim_id _).
    by rewrite (is_Rbar_mult_unique _ _ _ (is_Rbar_mult_p_infty_neg (z k - z m) neg)).
  by exists 0.
have one : 0 < \sum_(k in top) 1.
  apply: Rlt_le_trans (Rlt_0_1) _; rewrite (bigD1 m) //=.
  by have := @sum_ge0 _ (fun i => (i \in top) && (i != m)) (fun=> 1); move/(_ (fun _ _ => Rle_0_1)); simpl; lra.
have card : \sum_(k in top) 1 = INR #|top|.
  rewrite big_const; elim: #|top| => // c IH; by rewrite S_INR /= IH; ring.
apply: (filterlim_ext_loc (fun T => softmax (fun k => / T * (z k - z m)) i)).
  exists (mkposreal _ Rlt_0_1) => T _ T0.
  rewrite -(softmax_shift (fun k => z k / T) (- (z m / T))); apply: softmax_ext => k.
  by field; apply: Rgt_not_eq.
apply: (filterlim_comp _ _ _ Rinv (fun u => softmax (fun k => u * (z k - z m)) i)).
  exact: filterlim_Rinv_0_right.
have -> : (if i \in top then / INR #|top| else 0) =
  (if i \in top then 1 else 0) / \sum_k (if k \in top then 1 else 0).
  by rewrite -big_mkcond card; case: ifP => _; rewrite /Rdiv; ring.
have : is_lim (fun u => softmax (fun k => u * (z k - z m)) i) p_infty
  ((if i \in top then 1 else 0) / \sum_k (if k \in top then 1 else 0)).
  by apply: is_lim_quotient; [exact: lim | exact: is_lim_sum | rewrite -big_mkcond; exact: Rgt_not_eq one].
by [].
Qed.

End Temperature.
