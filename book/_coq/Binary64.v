(* Numbers of 64 bits, as Flocq defines them: 53 bits, rounded to the nearest, ties to even. *)
From Coq Require Import Reals Lra Lia ZArith.
From Flocq Require Import Core Relative.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums Softmax Floats.
Set Implicit Arguments.
Unset Strict Implicit.

Definition rnd64 : R -> R := round radix2 (FLT_exp (-1074) 53) ZnearestE.
Definition u64 : R := / IZR (2 ^ 53).
Definition tiny64 : R := bpow radix2 (-1022).

Lemma rnd64_model x : tiny64 <= x -> Rabs (rnd64 x - x) <= u64 * x.
Proof.
move=> tx; have x0 : 0 <= x by apply: Rle_trans tx; apply: bpow_ge_0.
have := @relative_error_N_FLT radix2 (-1074) 53 erefl (fun x => negb (Z.even x)) x.
rewrite (Rabs_pos_eq x) // => /(_ tx).
suff -> : / 2 * bpow radix2 (- (53) + 1) = u64 by [].
by rewrite /u64 /= -Rinv_mult -mult_IZR.
Qed.

Lemma u64_small : 0 <= u64 <= 1 / 2.
Proof. by rewrite /u64 /=; lra. Qed.

(* Summed from left to right. *)
Fixpoint left_to_right n (t : order n) (rest : seq 'I_n) : order n :=
  match rest with [::] => t | i :: rest => left_to_right (Node t (Leaf i)) rest end.

Lemma left_to_right_leaves n (t : order n) rest : leaves (left_to_right t rest) = leaves t ++ rest.
Proof. by elim: rest t => [|i rest IH] t /=; rewrite ?cats0 // IH /= -catA. Qed.

Lemma left_to_right_depth n (t : order n) rest :
  depth (left_to_right t rest) = (depth t + size rest)%N.
Proof. by elim: rest t => [|i rest IH] t /=; rewrite ?addn0 // IH /= maxn0 addSnnS. Qed.

Lemma head_enum n : ord0 :: behead (enum 'I_n.+1) = enum 'I_n.+1.
Proof. by rewrite enum_ordSl. Qed.

(* From left to right, at most a million classes, exponentials within one ulp: each probability
   is within n + 5 units of 2^-53. *)
Theorem textbook64 n (z : 'R^n.+1) (exp_f : R -> R) (i : 'I_n.+1) :
  let total := sum_f rnd64 (fun k => exp_f (z k))
    (left_to_right (Leaf ord0) (behead (enum 'I_n.+1))) in
  let s_f := rnd64 (exp_f (z i) / total) in
  INR n.+1 <= 1000000 ->
  (forall x, tiny64 <= exp_f x -> Rabs (exp_f x - exp x) <= 2 * u64 * exp x) ->
  (forall k, tiny64 <= exp_f (z k)) -> tiny64 <= exp_f (z i) / total ->
  Rabs (s_f - softmax z i) <= (INR n.+1 + 5) * u64 * softmax z i.
Proof.
move=> total s_f n_le exp_model et st.
have n0 : 0 <= INR n.+1 by apply: pos_INR.
set K := (2 * 2 + INR n + 1) * u64.
have Kn : K = (INR n.+1 + 4) * u64 by rewrite /K S_INR; ring.
have u53 : u64 <= / 9000000000000000 by rewrite /u64 /=; lra.
have u0 : 0 < u64 by rewrite /u64 /=; lra.
have K_lt : K <= / 8000000000 by rewrite Kn; nra.
have K0 : 0 <= K by rewrite Kn; nra.
have := @textbook u64 tiny64 2 rnd64 exp_f u64_small (bpow_gt_0 _ _) rnd64_model
  ltac:(lra) exp_model n.+1 z (left_to_right (Leaf ord0) (behead (enum 'I_n.+1))) i.
rewrite left_to_right_leaves left_to_right_depth size_behead size_enum_ord.
rewrite [(_ + _)%N]/= -/K [leaves _ ++ _]head_enum => /(_ (perm_refl _) ltac:(lra) et st) le.
apply: Rle_trans le _; apply: Rmult_le_compat_r; first exact/Rlt_le/softmax_gt0.
apply: (proj2 (Rle_div_l K _ (1 - K) _)); first lra.
rewrite Kn in K_lt *; nra.
Qed.
