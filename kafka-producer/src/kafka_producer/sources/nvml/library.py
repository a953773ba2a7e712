"""The real driver: NVML through NVIDIA's own Python bindings. Values go out as plain ones, errors as ours."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pynvml

from kafka_producer.sources.nvml.driver import Field, NoAnswer, NotOffered
from telemetry.errors import Misconfigured, Unavailable

_DO = (
    "an NVIDIA GPU that `nvidia-smi` lists. Without one, drop GPU-Z logs into data/; in a container, give it the GPU"
    " (docs/recipes/live-nvidia.md)"
)
_NO_DRIVER = {pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, pynvml.NVML_ERROR_FUNCTION_NOT_FOUND}
_DRIVER_AWAY = {
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
    pynvml.NVML_ERROR_NO_PERMISSION,
}
_NOT_OFFERED = {
    pynvml.NVML_ERROR_NOT_SUPPORTED,
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
    pynvml.NVML_ERROR_INVALID_ARGUMENT,
    pynvml.NVML_ERROR_NO_PERMISSION,
    pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
    pynvml.NVML_ERROR_DEPRECATED,
    pynvml.NVML_ERROR_VGPU_ECC_NOT_SUPPORTED,
}
_LOST = {
    pynvml.NVML_ERROR_GPU_IS_LOST,
    pynvml.NVML_ERROR_RESET_REQUIRED,
    pynvml.NVML_ERROR_UNINITIALIZED,
    pynvml.NVML_ERROR_GPU_NOT_FOUND,
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
}
_MEMBERS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
"""Which member of the union holds the value of a field, by its type."""


class Library:
    """NVML of this machine."""

    def __init__(self) -> None:
        self._is_started = False

    def start(self) -> None:
        self.stop()
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            if error.value in _NO_DRIVER:
                raise Misconfigured("collect nvml", f"no NVIDIA driver ({error}: libnvidia-ml.so.1)", _DO) from error
            if error.value in _DRIVER_AWAY:
                raise Misconfigured("collect nvml", f"an NVIDIA driver that does not work ({error})", _DO) from error
            raise Unavailable(f"NVIDIA's driver does not answer: {error}") from error
        self._is_started = True

    def version(self) -> str:
        with _translated():
            return str(_plain(pynvml.nvmlSystemGetDriverVersion()))

    def count(self) -> int:
        with _translated():
            return int(pynvml.nvmlDeviceGetCount())

    def card(self, index: int) -> LibraryCard:
        with _translated():
            return LibraryCard(pynvml.nvmlDeviceGetHandleByIndex(index))

    def card_by_uuid(self, uuid: str) -> LibraryCard:
        with _translated():
            return LibraryCard(pynvml.nvmlDeviceGetHandleByUUID(uuid.encode()))

    def stop(self) -> None:
        if self._is_started:
            self._is_started = False
            with suppress(pynvml.NVMLError):
                pynvml.nvmlShutdown()


class LibraryCard:
    """One GPU, by NVML's handle of it."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def ask(self, question: str, *arguments: int) -> Any:
        function = getattr(pynvml, f"nvmlDeviceGet{question}")
        try:
            return _plain(function(self._handle, *arguments))
        except pynvml.NVMLError as error:
            if error.value in _NOT_OFFERED:
                raise NotOffered(str(error)) from error
            if error.value in _LOST:
                raise Unavailable(str(error)) from error
            raise NoAnswer(str(error)) from error

    def fields(self, wanted: Sequence[Field]) -> Mapping[Field, float]:
        try:
            answers = pynvml.nvmlDeviceGetFieldValues(self._handle, list(wanted))
        except pynvml.NVMLError as error:
            if error.value in _LOST:
                raise Unavailable(str(error)) from error
            return {}  # a driver that knows no fields
        found = {}
        for field, answer in zip(wanted, answers, strict=True):
            if answer.nvmlReturn in _LOST:
                raise Unavailable(str(pynvml.NVMLError(answer.nvmlReturn)))
            if answer.nvmlReturn == pynvml.NVML_SUCCESS and answer.valueType < len(_MEMBERS):
                found[field] = getattr(answer.value, _MEMBERS[answer.valueType])
        return found

    def parts(self) -> list[str] | None:
        try:
            current, _ = pynvml.nvmlDeviceGetMigMode(self._handle)
            most = pynvml.nvmlDeviceGetMaxMigDeviceCount(self._handle) if current else 0
        except pynvml.NVMLError:
            return None
        found = []
        for number in range(most):
            with suppress(pynvml.NVMLError):  # a place that is not taken
                part = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(self._handle, number)
                names = (pynvml.nvmlDeviceGetName(part), pynvml.nvmlDeviceGetUUID(part))
                found.append(" ".join(str(_plain(each)) for each in names))
        return found if current else None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except pynvml.NVMLError as error:
        raise Unavailable(str(error)) from error


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, ctypes.Structure):
        return {name: _plain(getattr(value, name)) for name, *_ in value._fields_}
    if isinstance(value, list | tuple | ctypes.Array):
        return [_plain(each) for each in value]
    if hasattr(value, "__dict__"):  # what the bindings make of some structures
        return {name: _plain(each) for name, each in vars(value).items()}
    return value
