"""Searches and inference joined: one answer to one question."""

from xsearch.query.engine import answer
from xsearch.query.question import Question, question_of
from xsearch.query.samples import answer_each, answer_sample

__all__ = ["Question", "answer", "answer_each", "answer_sample", "question_of"]
