# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which release of the collection this is."""

from __future__ import annotations

VERSION = "0.1.0"
"""Of the collection, as in galaxy.yml."""
