(* The chapter "Softmax". *)
From Coq Require Import Reals Lra.
From mathcomp Require Import all_ssreflect.
From Coquelicot Require Import Coquelicot.
From Book Require Import Sums.
Set Implicit Arguments.
Unset Strict Implicit.

(* What sums to 1 has at least one entry. *)
Lemma some n (y : 'R^n) : \sum_i y i = 1 -> (0 < n)%N.
Proof. by case: n y => // y; rewrite big_ord0; lra. Qed.

Lemma class_some n (i : 'I_n) : (0 < n)%N.
Proof. exact: leq_ltn_trans (ltn_ord i). Qed.

Definition LSE n (z : 'R^n) : R := ln (\sum_k exp (z k)).

Section Softmax.
Variables (n : nat) (z : 'R^n).
Implicit Types i j k : 'I_n.
Notation s := (softmax z).

Lemma S_gt0 i : 0 < \sum_k exp (z k).
Proof. by apply: (sum_gt0 i) => k; apply: exp_pos. Qed.

(* S2, thm-range *)
Theorem softmax_gt0 i : 0 < s i.
Proof. by apply: Rdiv_lt_0_compat; [apply: exp_pos | apply: S_gt0]. Qed.

Theorem softmax_sum : (0 < n)%N -> \sum_i s i = 1.
Proof.
case: n z => // m z' _; rewrite sum_div; apply: Rinv_r.
by apply: Rgt_not_eq; apply: (sum_gt0 ord0) => k; apply: exp_pos.
Qed.

Lemma sum_s i : \sum_k s k = 1.
Proof. by apply: softmax_sum; apply: leq_ltn_trans (ltn_ord i). Qed.

Theorem softmax_lt1 i : (2 <= n)%N -> s i < 1.
Proof.
move=> n2; have [j ji] : exists j, j != i.
  case: (pickP (predC1 i)) => [j ?|none]; first by exists j.
  have: (1 < #|'I_n|)%N by rewrite card_ord.
  by rewrite (cardD1 i) eq_card0 // => j; rewrite !inE andbT; apply: none.
have pos k : 0 <= s k by apply/Rlt_le/softmax_gt0.
by have := sum_two pos ji; have := softmax_gt0 j; rewrite (sum_s i); lra.
Qed.

Lemma softmax_le1 i : s i <= 1.
Proof. by rewrite -(sum_s i); apply: sum_term => k; apply: Rlt_le; apply: softmax_gt0. Qed.

Theorem softmax_one i : n = 1%N -> s i = 1.
Proof.
move=> n1; rewrite -(sum_s i) (sum_one i) big1 => [|j]; first by ring.
have first (k : 'I_n) : nat_of_ord k = 0%N.
  by apply/eqP; rewrite -leqn0 -ltnS -n1; apply: ltn_ord.
by rewrite -val_eqE /= !first.
Qed.

(* B2, thm-ratio, and S3 *)
Theorem softmax_ratio i j : s i / s j = exp (z i - z j).
Proof.
rewrite /softmax /Rminus exp_plus exp_Ropp; have ? := S_gt0 i; have ? := exp_pos (z j).
by field; lra.
Qed.

(* B1, thm-shift *)
Theorem softmax_shift c i : softmax (fun k => z k + c) i = softmax z i.
Proof.
rewrite /softmax (eq_bigr (fun k => exp (z k) * exp c)) => [|k _]; last exact: exp_plus.
rewrite sum_scaler exp_plus; have ? := S_gt0 i; have ? := exp_pos c; by field; lra.
Qed.

Lemma ln_softmax i : ln (s i) = z i - LSE z.
Proof.
rewrite ln_div ?ln_exp //; [exact: exp_pos | exact: (S_gt0 i)].
Qed.

Lemma exp_LSE i : exp (LSE z) = \sum_k exp (z k).
Proof. by apply: exp_ln; apply: (S_gt0 i). Qed.

End Softmax.

Lemma largest_exists n (z : 'R^n) : 'I_n -> exists m, forall i, z i <= z m.
Proof.
move=> i; suff [m le] : exists m, forall k, k \in i :: enum 'I_n -> z k <= z m.
  by exists m => k; apply: le; rewrite inE mem_enum orbT.
elim: (enum 'I_n) => [|j r [m le]].
  by exists i => k; rewrite inE => /eqP ->; apply: Rle_refl.
case: (Rle_lt_dec (z j) (z m)) => jm; [exists m | exists j] => k;
  rewrite !inE => /or3P[/eqP-> | /eqP-> | kr]; rewrite ?jm //; try exact: Rle_refl.
- by apply: le; rewrite inE eqxx.
- by apply: le; rewrite inE kr orbT.
- by apply/Rlt_le/(Rle_lt_trans _ (z m)) => //; apply: le; rewrite inE eqxx.
by apply/Rlt_le/(Rle_lt_trans _ (z m)) => //; apply: le; rewrite inE kr orbT.
Qed.

(* B4, thm-lse *)
Theorem LSE_bounds n (z : 'R^n) m : (forall i, z i <= m) /\ (exists k, z k = m) ->
  m <= LSE z <= m + ln (INR n).
Proof.
move=> [top [k zk]].
have n0 : 0 < INR n by apply: (lt_INR 0); apply/ltP; apply: leq_ltn_trans (ltn_ord k).
split.
  rewrite -{1}(ln_exp m) -zk; apply: ln_le; first exact: exp_pos.
  by apply: (sum_term k (f := fun i => exp (z i))) => i; apply: Rlt_le; apply: exp_pos.
rewrite -(ln_exp m) -ln_mult //; last exact: exp_pos.
apply: ln_le; first exact: (S_gt0 z k).
rewrite Rmult_comm -sum_equal; apply: sum_le => i _.
by apply/exp_le/top.
Qed.
