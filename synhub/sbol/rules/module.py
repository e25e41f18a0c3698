"""Module definitions that contain each other, and what maps onto their functional components.

Chapters 116 and 117 of the rules. Source: SBOL 2.3.0, sections 7.9 and 7.9.1.
"""

from synhub.sbol.rules.containment import no_circle, not_itself, one_remote
from synhub.sbol.rules.rule import Rule, sbol

_MODULE_DEFINITION, _MODULE, _MODULES = sbol("ModuleDefinition"), sbol("Module"), sbol("module")
_PARTS = (_MODULES, sbol("functionalComponent"))

RULES: tuple[Rule, ...] = (
    Rule("sbol-11609", "always", (_MODULE_DEFINITION,), one_remote(_PARTS, "FunctionalComponent")),
    Rule("sbol-11704", "always", (_MODULE,), not_itself("Module")),
    Rule("sbol-11705", "always", (), no_circle(_MODULE_DEFINITION, _MODULES, "Module")),
)
