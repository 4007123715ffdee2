from __future__ import annotations

from typing import TYPE_CHECKING

from checker.engine import firewall

if TYPE_CHECKING:
    from pathlib import Path

LISTING = """\
-P FORWARD DROP
-N DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o kata01234567 -j MASQUERADE
-A FORWARD -o kata01234567 -j DOCKER
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -o kata012345678 -j DOCKER
"""


def _unpacked(tools: Path, program: str) -> None:
    """Lay out tools whose iptables is a shell script."""
    (tools / "root/usr/sbin").mkdir(parents=True)
    (tools / "root/usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    (tools / "sbin").mkdir()
    for backend in ("nft", "legacy"):
        script = tools / f"root/usr/sbin/xtables-{backend}-multi"
        script.write_text(f"#!/bin/sh\nbackend={backend}\n{program}", encoding="utf-8")
        script.chmod(0o755)


def test_forgets_only_rules_of_our_bridges(tmp_path: Path) -> None:
    """Rules that name our bridge are deleted word for word; those of another engine stay."""
    (tmp_path / "listing").write_text(LISTING, encoding="utf-8")
    program = f'case "$*" in *-S*) cat {tmp_path}/listing;; *) echo "$@" >> {tmp_path}/deleted;; esac\n'
    _unpacked(tmp_path / "tools", program)
    firewall.wrap(tmp_path / "tools")
    firewall.forget(tmp_path / "tools", ["kata01234567"])
    deleted = (tmp_path / "deleted").read_text(encoding="utf-8").splitlines()
    assert deleted[:2] == [
        "iptables --wait -t nat -D POSTROUTING -s 172.17.0.0/16 ! -o kata01234567 -j MASQUERADE",
        "iptables --wait -t nat -D FORWARD -o kata01234567 -j DOCKER",
    ]
    assert not any("docker0" in line or "kata012345678" in line for line in deleted)


def test_falls_back_to_legacy_tables(tmp_path: Path) -> None:
    """On a kernel without nftables the legacy program is used."""
    _unpacked(tmp_path, "test $backend = legacy\n")
    firewall.choose(tmp_path)
    assert "xtables-legacy-multi" in (tmp_path / "sbin/iptables").read_text(encoding="utf-8")


def test_a_table_that_can_only_be_listed_is_not_enough(tmp_path: Path) -> None:
    """A kernel with nftables but not for IPv4 lists the table as empty and cannot make it: legacy is used."""
    _unpacked(tmp_path, 'case "$backend $*" in nft*-N*) exit 4;; esac\n')
    firewall.choose(tmp_path)
    assert "xtables-legacy-multi" in (tmp_path / "sbin/iptables").read_text(encoding="utf-8")


def test_what_was_tried_is_taken_back(tmp_path: Path) -> None:
    """The chain that shows which tables work is gone again."""
    _unpacked(tmp_path, f'case "$*" in *-N*|*-X*) echo "$@" >> {tmp_path}/asked;; esac\n')
    firewall.choose(tmp_path)
    made, gone = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert made.replace("-N", "-X") == gone


def test_prefers_nft(tmp_path: Path) -> None:
    """Where nftables work they are used."""
    _unpacked(tmp_path, "true\n")
    firewall.choose(tmp_path)
    assert "xtables-nft-multi" in (tmp_path / "sbin/ip6tables").read_text(encoding="utf-8")


def test_tools_may_be_moved(tmp_path: Path) -> None:
    """The program finds its libraries beside it, also after the folder was renamed into place."""
    _unpacked(tmp_path / "new", 'test -d "$LD_LIBRARY_PATH" && echo found\n')
    firewall.wrap(tmp_path / "new")
    (tmp_path / "new").rename(tmp_path / "tools")
    assert firewall._iptables(tmp_path / "tools", "-S") == "found\n"


def test_missing_iptables_is_no_error(tmp_path: Path) -> None:
    """Without unpacked tools there are no rules of ours to forget."""
    firewall.forget(tmp_path, ["kata01234567"])
