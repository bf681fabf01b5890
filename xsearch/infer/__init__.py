"""Structures of compounds that are in no database, inferred from templates."""

from xsearch.answers import Candidate, Inference
from xsearch.infer.engine import infer
from xsearch.infer.template_library import TemplateLibrary, library_of

__all__ = ["Candidate", "Inference", "TemplateLibrary", "infer", "library_of"]
