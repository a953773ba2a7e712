"""The icons, as inline SVG: no font to wait for, and each state has a shape of its own, not only a colour."""

from __future__ import annotations

from dashboard.pages.markup import Markup

_PATHS = {
    # states
    "critical": '<path d="M8 3h8l5 5v8l-5 5H8l-5-5V8z"/><path d="M12 8v5M12 16.2v.3"/>',
    "warning": '<path d="M12 4 2.8 20h18.4z"/><path d="M12 10v4.5M12 17.2v.3"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.5v.3"/>',
    "good": '<circle cx="12" cy="12" r="9"/><path d="m8 12.4 2.7 2.7L16 9.6"/>',
    "acknowledged": '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/>'
    '<circle cx="12" cy="12" r="2.8"/>',
    "pending": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.4 2"/>',
    "silent": '<path d="M4 12h3M10.5 12h3M17 12h3"/>',
    "silenced": '<path d="M6 16.5V11a6 6 0 0 1 9-5.2M18 11v5.5H8.5M10 20h4M4 4l16 16"/>',
    "recorded": '<path d="M6 3h8l4 4v14H6z"/><path d="M9.5 12h5M9.5 16h5"/>',
    "demo": '<path d="M10 3v6L4.6 18.4A1.8 1.8 0 0 0 6.2 21h11.6a1.8 1.8 0 0 0 1.6-2.6L14 9V3M8.5 3h7"/>',
    "live": '<circle cx="12" cy="12" r="2.6"/><path d="M7 17a7 7 0 0 1 0-10M17 7a7 7 0 0 1 0 10"/>',
    "anomaly": '<path d="M2.5 14h5l2.5-9 4 15 2.5-8h5"/>',
    # navigation
    "overview": '<rect x="3.5" y="3.5" width="7" height="7" rx="1.5"/>'
    '<rect x="13.5" y="3.5" width="7" height="7" rx="1.5"/>'
    '<rect x="3.5" y="13.5" width="7" height="7" rx="1.5"/><rect x="13.5" y="13.5" width="7" height="7" rx="1.5"/>',
    "fleet": '<path d="M3.5 3.5h4.6v4.6H3.5zM9.7 3.5h4.6v4.6H9.7zM15.9 3.5h4.6v4.6h-4.6zM3.5 9.7h4.6v4.6H3.5z"/>'
    '<path d="M15.9 9.7h4.6v4.6h-4.6zM3.5 15.9h4.6v4.6H3.5zM9.7 15.9h4.6v4.6H9.7zM15.9 15.9h4.6v4.6h-4.6z"/>'
    '<path fill="currentColor" d="M9.7 9.7h4.6v4.6H9.7z"/>',
    "health": '<path d="M12 20S3.5 15 3.5 9.2A4.4 4.4 0 0 1 12 7.4a4.4 4.4 0 0 1 8.5 1.8C20.5 15 12 20 12 20z"/>'
    '<path d="M6.5 12.5h3l1.5-3 2.2 5 1.5-2h2.8"/>',
    "gpu": '<rect x="6" y="6" width="12" height="12" rx="2"/><rect x="9.8" y="9.8" width="4.4" height="4.4"/>'
    '<path d="M9 2.5V6M15 2.5V6M9 18v3.5M15 18v3.5M2.5 9H6M2.5 15H6M18 9h3.5M18 15h3.5"/>',
    "compare": '<path d="M3 16c3-8 6-8 9-3s6 4 9-5"/><path d="M3 9c3 7 6 9 9 5s6-5 9 2" stroke-dasharray="2.5 2.5"/>',
    "alerts": '<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 21h4"/>',
    "reports": '<path d="M4 20h16M7 16v-5M12 16V6M17 16v-8"/>',
    "logs": '<path d="M12 15.5V4M7.5 8.5 12 4l4.5 4.5M4 15.5V20h16v-4.5"/>',
    "pipeline": '<circle cx="5" cy="12" r="2.3"/><circle cx="19" cy="6" r="2.3"/><circle cx="19" cy="18" r="2.3"/>'
    '<path d="M7.3 12h3.2c3 0 2.2-6 6.2-6M10.5 12c3 0 2.2 6 6.2 6"/>',
    # what can be done
    "theme": '<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentColor"/>',
    "leave": '<path d="M14 4H5v16h9M10 12h11M17 8l4 4-4 4"/>',
    "download": '<path d="M12 4v11M7.5 10.5 12 15l4.5-4.5M4 20h16"/>',
    "next": '<path d="m9 5 7 7-7 7"/>',
}


def icon(name: str, size: int = 18) -> Markup:
    """Drawn for people who see it; a word always stands beside it, so screen readers skip it."""
    return Markup(
        f'<svg class="icon icon-{name}" width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" '
        f'stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" '
        f'aria-hidden="true" focusable="false">{_PATHS[name]}</svg>'
    )
