"""How compiled functions are put together: each is optimised once, and becomes machine code once a kernel.

Numba by itself optimises a function and makes machine code of it with all that it calls, and so again in each of its
callers, however far up: of the time that a market took to compile this was one half. Here

1. a helper, always inlined, is kept as it was typed: its callers optimise it, and only they make machine code of it;
2. a kernel is optimised with its helpers, and joined afterwards with the kernels that it calls, which are optimised
   already. So no kernel is inlined into another: what shall be, is a helper;
3. a constant argument makes no copy of a function.

What comes of the others, Numba's own functions and a user's, is as ever. Written against Numba's code libraries
(`numba.core.codegen`), of which there is no public face, and so for one version (`JOINS`): any other compiles as it
does by itself, to the same results, in about twice the time.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba
from numba import types
from numba.core import errors
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher, cpu_target

JOINS = numba.__version__.startswith("0.68.")
"""Whether this Numba is the one."""


class Role(Enum):
    """What a library holds."""

    PLAIN = "plain"
    HELPER = "helper"
    KERNEL = "kernel"


class Library(JITCodeLibrary):
    """A function with all that it calls, as modules of LLVM."""

    def __init__(self, codegen: Any, name: str, role: Role = Role.PLAIN):
        super().__init__(codegen, name)
        self.role = role
        self.joined: list[Any] = []
        """Modules of the kernels called, here and in the helpers; joined when all else is optimised."""

    def add_linking_library(self, library: Any) -> None:
        """Take what a function called here was compiled to."""
        role = getattr(library, "role", Role.PLAIN)
        if self.role is Role.PLAIN or role is Role.PLAIN:
            super().add_linking_library(library)
            return
        library._ensure_finalized()
        self._reload_init.update(library._reload_init)
        if role is Role.KERNEL:
            self._join([library._get_module_for_linking()])
        else:
            self._linking_libraries.append(_Alone(library))
            self._join(library.joined)

    def _join(self, modules: list[Any]) -> None:
        self.joined += [module for module in modules if not any(module is other for other in self.joined)]

    def _optimize_final_module(self) -> None:
        if self.role is Role.HELPER:
            return
        super()._optimize_final_module()
        for module in self.joined:
            self._final_module.link_in(module, preserve=True)

    def _finalize_final_module(self) -> None:
        if self.role is not Role.HELPER:
            super()._finalize_final_module()
            return
        self._finalize_dynamic_globals()
        self._keep_environments()
        self._finalized = True

    def _keep_environments(self) -> None:
        """Numba writes the address of a function's constants to a place of this name, which must be there."""
        places = [str(place) for place in self._final_module.global_variables if place.name.startswith("_ZN08NumbaEnv")]
        module = llvm.parse_assembly("\n".join(places))
        module.triple, module.data_layout = self._final_module.triple, self._final_module.data_layout
        self._codegen._add_module(module)
        self._codegen._engine.finalize_object()

    def _get_module_for_linking(self) -> Any:
        """A module that needs nothing more: whoever asks may not know of `joined`."""
        module = super()._get_module_for_linking()
        if self.role is Role.HELPER and self.joined:
            module = module.clone()
            for other in self.joined:
                module.link_in(other, preserve=True)
        return module

    def module_alone(self) -> Any:
        """The module without the kernels that it calls."""
        return super()._get_module_for_linking()

    def serialize_using_object_code(self) -> tuple[str, str, Any]:
        """What is kept on disk: of a helper no machine code."""
        self._ensure_finalized()
        if self.role is Role.HELPER:
            called = [module.as_bitcode() for module in self.joined]
            return self.name, self.role.value, (self.module_alone().as_bitcode(), called)
        name, kind, data = super().serialize_using_object_code()
        return name, self.role.value if self.role is Role.KERNEL else kind, data

    @classmethod
    def _unserialize(cls, codegen: Any, state: tuple[str, str, Any]) -> Library:
        name, kind, data = state
        if kind == Role.HELPER.value:
            self = cls(codegen, name, Role.HELPER)
            alone, called = data
            self._final_module = self._shared_module = llvm.parse_bitcode(alone)
            self.joined = [llvm.parse_bitcode(module) for module in called]
            self._finalize_final_module()
            return self
        loaded: Library = super()._unserialize(codegen, (name, "object" if kind == Role.KERNEL.value else kind, data))
        if kind == Role.KERNEL.value:
            loaded.role = Role.KERNEL
        return loaded


class _Alone:
    """A helper as its caller links it: without the kernels that it calls."""

    def __init__(self, library: Library):
        self._reload_init = library._reload_init
        self._get_module_for_linking = library.module_alone


class Joining(Compiler):
    """Numba's compiler, with a library that knows what it holds."""

    def define_pipelines(self) -> Any:
        """Numba's passes."""
        state = self.state
        if state.library is None:
            role = Role.HELPER if state.flags.forceinline else Role.KERNEL
            state.library = Library(state.targetctx.codegen(), state.func_id.func_qualname, role)
            state.library.enable_object_caching()
        return super().define_pipelines()


class Kernel(CPUDispatcher):
    """A compiled function of which a constant that it is called with makes no copy of its own."""

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Numba's, by the types of constants and not by their values, unless the function cannot be typed so."""
        constants = [*args, *kws.values()]
        if not any(isinstance(given, types.Literal) for given in constants):
            return super().get_call_template(args, kws)
        try:
            plain = {name: types.unliteral(given) for name, given in kws.items()}
            return super().get_call_template(tuple(map(types.unliteral, args)), plain)
        except (errors.TypingError, errors.ForceLiteralArg):
            return super().get_call_template(args, kws)


class Helper(Kernel):
    """A function that is always inlined. It has no machine code: Python calls a kernel made of it (`apart`) instead."""

    apart: Any

    def __call__(self, *arguments: Any) -> Any:
        """Compile it apart, at the first call, and call it."""
        if "called" not in self.__dict__:
            self.called = self.apart()
        return self.called(*arguments)


# What is read from disk is made by this name.
if JOINS:
    cpu_target.target_context.codegen()._library_class = Library
