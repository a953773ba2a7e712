"""Logs: drop one in, watch it arrive, and see what became of every one."""

from __future__ import annotations

import asyncio
import json

from nicegui import ui

from dashboard.pages import frame, log_rows, notices
from dashboard.pages.console import Console
from dashboard.pages.frame import Visit
from dashboard.pages.icons import icon
from dashboard.pages.intake import UPLOAD_HEADER
from dashboard.pages.markup import Markup, joined, tag
from dashboard.roles import Role
from telemetry.errors import Unavailable
from telemetry.log_states import LogState

EVERY = 1.0
_MOST = 200

# The file goes to the server as it is, in one stream, with the browser's own progress.
_SCRIPT = """<script>
window.gpustreamUpload = (files) => {
  const list = document.querySelector('.arriving'), limit = %(limit)d, header = %(header)s;
  for (const file of files) {
    const line = document.createElement('li');
    line.innerHTML = '<span></span><div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"><i style="width:0%%"></i></div>';
    const [words, bar] = line.children;
    words.textContent = file.name; bar.setAttribute('aria-label', file.name + ' sent'); list.append(line);
    const fail = (why) => { words.textContent = file.name + ': ' + why; line.className = 'value critical'; bar.remove(); };
    if (file.size > limit) { fail('larger than ' + Math.floor(limit / 1048576) + ' MiB: put it into the folder data/'); continue; }
    const request = new XMLHttpRequest();
    const gpu = document.querySelector('.gpu-of-log input')?.value.trim() || '';
    request.open('POST', '/uploads?name=' + encodeURIComponent(file.name) + '&gpu=' + encodeURIComponent(gpu));
    request.setRequestHeader(header, 'console');
    request.upload.onprogress = (event) => { const part = Math.round(100 * event.loaded / event.total); bar.firstChild.style.width = part + '%%'; bar.setAttribute('aria-valuenow', part); };
    request.onerror = () => fail('the console does not answer; try again');
    request.onload = () => {
      let said = {}; try { said = JSON.parse(request.responseText); } catch {}
      if (request.status !== 200) { fail(said.detail || 'refused (' + request.status + ')'); return; }
      bar.remove(); words.textContent = file.name + ' is here; the producer reads it now.';
      setTimeout(() => line.remove(), 15000);
    };
    request.send(file);
  }
};
document.addEventListener('change', (event) => { if (event.target.id === 'log-files') { gpustreamUpload(event.target.files); event.target.value = ''; } });
for (const name of ['dragover', 'drop']) document.addEventListener(name, (event) => {
  if (!event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  if (name === 'drop') gpustreamUpload(event.dataTransfer.files);
});
</script>"""  # noqa: E501


def add(console: Console) -> None:
    @frame.page(console, "/logs", "logs", "Logs")
    async def logs(visit: Visit) -> None:
        frame.Head("Logs", "GPU-Z sensor logs, from the moment you drop them.")
        if visit.person.role >= Role.OPERATOR:
            _drop_zone(console)
        listed = ui.html(sanitize=False).classes("panel logs-panel")

        async def show() -> None:
            listed.content = await _list(console)

        await show()
        ui.timer(EVERY, show)


def _drop_zone(console: Console) -> None:
    limit = console.stores.uploads.most_bytes
    ui.add_body_html(_SCRIPT % {"limit": limit, "header": json.dumps(UPLOAD_HEADER)})
    field = tag("input", id="log-files", type="file", multiple=True, class_="hidden-word")
    label = tag(
        "label",
        icon("logs", 34),
        tag("h2", "Drop GPU-Z logs here, or choose them"),
        tag(
            "p",
            f"Text, ZIP or gzip, up to {limit // 1_048_576} MiB each. In GPU-Z: Sensors, Log to file.",
            class_="soft",
        ),
        field,
        class_="drop",
        for_="log-files",
    )
    ui.html(label, sanitize=False)
    ui.html(tag("ul", class_="arriving findings", aria_live="polite"), sanitize=False)
    with ui.element("details").classes("typed"):
        ui.html("Whose logs are they?", tag="summary", sanitize=False)
        whose = ui.input("GPU as host:index", placeholder="desk-01:0").props("outlined dense").classes("gpu-of-log")
        whose.props('hint="Empty: from config/sources.yaml, else local:0"')


async def _list(console: Console) -> Markup:
    try:
        logs = await asyncio.to_thread(console.stores.logs.logs)
    except Unavailable as error:
        return notices.away(error)
    if not logs:
        text = "What you drop here, or put into the folder data/, is listed with what was read of it and what was not."
        return notices.empty("recorded", "No log yet", text, slim=True)
    return joined(_sum(logs), log_rows.table(logs[:_MOST], console.now()))


def _sum(logs: list[LogState]) -> Markup:
    rows = sum(each.rows_sent for each in logs)
    rejected = sum(each.state == "rejected" for each in logs)
    told = [f"{len(logs):,} logs", f"{rows:,} rows sent"]
    if rejected:
        told.append(f"{rejected:,} rejected")
    return tag(
        "div", tag("h2", "What became of them"), tag("span", " · ".join(told), class_="soft"), class_="panel-head"
    )
