"""capture/permalink.py: one repository has many addresses, and one page for each file in each commit."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamin_lite.capture.permalink import is_same, link_to, parse, rewritten, shown

SHA = "9fceb02d0ae598e95dc970b74767f19372d61af8"

FORMS = [
    "https://{host}/{path}",
    "https://{host}/{path}.git",
    "https://{host}/{path}/",
    "https://{host}:443/{path}.git",
    "https://ada@{host}/{path}",
    "https://ada:hunter2@{host}/{path}.git",
    "http://{host}/{path}",
    "git@{host}:{path}",
    "git@{host}:{path}.git",
    "git@{host}:/{path}.git",
    "{host}:{path}.git",
    "ssh://git@{host}/{path}.git",
    "ssh://git@{host}:22/{path}",
    "ssh://git@{host}:2222/{path}.git",
    "ssh://{host}/{path}",
    "git+ssh://git@{host}/{path}.git",
    "git://{host}/{path}.git",
    "HTTPS://{host}/{path}",
    " https://{host}/{path}\n",
]

names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}(\.[a-z0-9]{1,4})?", fullmatch=True).filter(
    lambda name: not name.endswith(".git")
)
paths = st.lists(names, min_size=2, max_size=4).map("/".join)
hosts = st.from_regex(r"[a-z][a-z0-9-]{1,8}\.(org|com|lab\.edu)", fullmatch=True)
forms = st.sampled_from(FORMS)


@given(hosts, paths, forms, forms)
def test_all_addresses_of_a_repository_are_the_same(host, path, one, other):
    assert is_same(parse(one.format(host=host, path=path)), parse(other.format(host=host.upper(), path=path)))


@given(hosts, hosts, paths, paths, forms, forms)
def test_different_repositories_are_never_the_same(host, other_host, path, other_path, one, other):
    same = (host, path) == (other_host, other_path)
    found = is_same(parse(one.format(host=host, path=path)), parse(other.format(host=other_host, path=other_path)))
    assert found == same


@example("a /")
@example("a .git")
@example("//")
@given(st.text(max_size=60))
def test_whatever_is_said_can_be_parsed_shown_and_linked(text):
    link = link_to(parse(text), SHA, "a.py")
    assert SHA in link
    assert "a.py" in link
    assert shown(shown(text)) == shown(text) or ".git" in shown(text)


@given(forms.filter(lambda form: "ada" in form), paths)
def test_credentials_are_never_shown(form, path):
    address = form.format(host="github.com", path=path).replace("ada", "secretuser")
    assert "hunter2" not in shown(address) + link_to(parse(address), SHA, "a.py")
    assert "secretuser" not in shown(address) + link_to(parse(address), SHA, "a.py")


@given(
    st.sampled_from(["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"]), paths, forms, st.text(min_size=1)
)
def test_a_link_leads_back_to_repository_commit_and_path(host, path, form, inside):
    inside = inside.strip("/").encode("utf-8", "replace").decode() or "a"
    link = link_to(parse(form.format(host=host, path=path)), SHA, inside)
    parts = urlsplit(link)
    assert (parts.scheme in ("https", "http"), parts.netloc, parts.query, parts.fragment) == (True, host, "", "")
    found = re.fullmatch(f"/({re.escape(path)})/(?:blob|-/blob|src|src/commit)/{SHA}/(.*)", parts.path, re.DOTALL)
    assert found, link
    assert unquote(found[2]) == inside


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://github.com/ada/study", f"https://github.com/ada/study/blob/{SHA}/src/a.py"),
        ("git@github.com:ada/study.git", f"https://github.com/ada/study/blob/{SHA}/src/a.py"),
        ("ssh://git@ssh.github.com:443/ada/study.git", f"https://github.com/ada/study/blob/{SHA}/src/a.py"),
        ("git@github.com-work:ada/study.git", f"https://github.com/ada/study/blob/{SHA}/src/a.py"),
        ("https://github.uni.edu/ada/study", f"https://github.uni.edu/ada/study/blob/{SHA}/src/a.py"),
        ("https://gitlab.com/lab/sub/study.git", f"https://gitlab.com/lab/sub/study/-/blob/{SHA}/src/a.py"),
        ("git@gitlab.uni.edu:lab/study.git", f"https://gitlab.uni.edu/lab/study/-/blob/{SHA}/src/a.py"),
        ("https://gitlab.uni.edu:8443/lab/study", f"https://gitlab.uni.edu:8443/lab/study/-/blob/{SHA}/src/a.py"),
        ("https://gitlab/lab/study", f"https://gitlab/lab/study/-/blob/{SHA}/src/a.py"),
        ("git@bitbucket.org:ada/study.git", f"https://bitbucket.org/ada/study/src/{SHA}/src/a.py"),
        ("https://codeberg.org/ada/study", f"https://codeberg.org/ada/study/src/commit/{SHA}/src/a.py"),
        ("https://gitea.lab.org/ada/study", f"https://gitea.lab.org/ada/study/src/commit/{SHA}/src/a.py"),
        ("https://git.sr.ht/~ada/study", f"https://git.sr.ht/~ada/study/tree/{SHA}/item/src/a.py"),
        (
            "https://dev.azure.com/lab/atlas/_git/study",
            f"https://dev.azure.com/lab/atlas/_git/study?path=/src/a.py&version=GC{SHA}",
        ),
        (
            "https://bitbucket.uni.edu/scm/lab/study.git",
            f"https://bitbucket.uni.edu/projects/lab/repos/study/browse/src/a.py?at={SHA}",
        ),
        (
            "ssh://git@bitbucket.uni.edu:7999/~ada/study.git",
            f"https://bitbucket.uni.edu/users/ada/repos/study/browse/src/a.py?at={SHA}",
        ),
        ("https://git.uni.edu/ada/study.git", f"https://git.uni.edu/ada/study/blob/{SHA}/src/a.py"),
        ("git@git.uni.edu:ada/study.git", f"git+ssh://git@git.uni.edu/ada/study@{SHA}#src/a.py"),
        ("ssh://git@git.uni.edu:2222/ada/study", f"git+ssh://git@git.uni.edu:2222/ada/study@{SHA}#src/a.py"),
        ("git@github-work:ada/study.git", f"git+ssh://git@github-work/ada/study@{SHA}#src/a.py"),
        (
            "git@ssh.dev.azure.com:v3/lab/atlas/study",
            f"https://dev.azure.com/lab/atlas/_git/study?path=/src/a.py&version=GC{SHA}",
        ),
        ("git@ssh.dev.azure.com:v3/lab/odd", f"git+ssh://git@ssh.dev.azure.com/v3/lab/odd@{SHA}#src/a.py"),
        ("/srv/git/study.git", f"git+file:///srv/git/study.git@{SHA}#src/a.py"),
        ("file:///srv/git/my%20study.git", f"git+file:///srv/git/my%20study.git@{SHA}#src/a.py"),
        ("ssh://git@[2001:db8::1]:22/ada/study", f"git+ssh://git@[2001:db8::1]/ada/study@{SHA}#src/a.py"),
        ("git@[2001:db8::1]:ada/study", f"git+ssh://git@[2001:db8::1]/ada/study@{SHA}#src/a.py"),
    ],
)
def test_the_form_of_a_link_is_that_of_the_site(address, link):
    assert link_to(parse(address), SHA, "src/a.py") == link


def test_a_link_to_an_odd_name_is_quoted():
    link = link_to(parse("https://github.com/ada/study"), SHA, "a b/é#1?.py")
    assert link == f"https://github.com/ada/study/blob/{SHA}/a%20b/%C3%A9%231%3F.py"
    assert link_to(parse("/srv/r"), SHA, "a@b#c").endswith(f"@{SHA}#a%40b%23c")
    assert link_to(parse("/srv/r"), SHA, "caf\udce9.py").endswith("#caf%E9.py"), "bytes that are no UTF-8"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/ada/study.git", "https://github.com/ada/study"),
        ("https://ghp_secret@github.com/ada/study.git?token=x", "https://github.com/ada/study"),
        ("git@github.com:ada/study.git", "git@github.com:ada/study"),
        ("ssh://git:pw@github.com/ada/study.git", "ssh://git@github.com/ada/study"),
        ("file:///srv/git/study.git", "file:///srv/git/study"),
        ("/srv/git/study.git/", "/srv/git/study"),
        ("/srv/study/.git", "/srv/study/.git"),
        ("C:\\git\\study.git", "C:\\git\\study"),
        ("/", "/"),
    ],
)
def test_what_is_shown_has_no_ending_and_no_credentials(address, name):
    assert shown(address) == name


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/srv/r.git", "/srv/r.git"),
        ("./a:b", "./a:b"),
        ("../r", "../r"),
        ("C:/git/r", "C:/git/r"),
        ("C:\\git\\r", "C:\\git\\r"),
        ("file:///C:/git/r", "C:/git/r"),
        ("file://localhost/srv/r", "/srv/r"),
        ("file://server/share/r", "//server/share/r"),
        ("r", "r"),
    ],
)
def test_paths_are_told_from_addresses(text, path):
    address = parse(text)
    assert (address.is_local, address.path) == (True, path)


AZURE = [
    "https://dev.azure.com/lab/my%20atlas/_git/study",
    "https://lab@dev.azure.com/Lab/My%20Atlas/_git/Study",
    "git@ssh.dev.azure.com:v3/lab/my%20atlas/study",
    "ssh://git@ssh.dev.azure.com:22/v3/lab/my%20atlas/study",
    "https://lab.visualstudio.com/my%20atlas/_git/study",
    "https://lab.visualstudio.com/DefaultCollection/my%20atlas/_git/study",
    "lab@vs-ssh.visualstudio.com:v3/lab/my%20atlas/study",
]


@pytest.mark.parametrize("one", AZURE)
def test_all_addresses_of_a_repository_in_azure_are_the_same(one):
    assert all(is_same(parse(one), parse(other)) for other in AZURE)
    assert is_same(parse(shown(one)), parse(one))
    link = link_to(parse(one), SHA, "a.py").lower()
    assert link == f"https://dev.azure.com/lab/my%20atlas/_git/study?path=/a.py&version=gc{SHA}"
    for path in ("lab/my%20atlas/_git/other", "lab/other/_git/study", "other/my%20atlas/_git/study", "lab/_git/study"):
        assert not is_same(parse(one), parse(f"https://dev.azure.com/{path}"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://github.com/Ada/Study", "git@github.com:ada/study", True),
        ("https://git.uni.edu/Ada/study", "https://git.uni.edu/ada/study", False),
        ("https://git.uni.edu:8443/a/b", "https://git.uni.edu/a/b", False),
        ("https://git.uni.edu:8443/a/b", "ssh://git@git.uni.edu:7999/a/b", True),
        ("https://bitbucket.uni.edu/scm/lab/study.git", "ssh://git@bitbucket.uni.edu:7999/lab/study.git", True),
        ("ssh://git@git.uni.edu:7999/a/b", "git@git.uni.edu:a/b", True),
        ("ssh://git@git.uni.edu:7999/a/b", "ssh://git@git.uni.edu:7998/a/b", False),
        ("ssh://git@github.com:ada/study.git", "git@github.com:ada/study", True),
        ("https://www.github.com/ada/study", "https://github.com/ada/study", True),
        ("https://github.com/ada/a%20b", "git@github.com:ada/a b", True),
        ("/srv/r", "file:///srv/r", True),
        ("/srv/r", "host:/srv/r", False),
        ("https://github.com/ada/study", "https://gitlab.com/ada/study", False),
        ("https://dev.azure.com/lab/_git/study", "git@ssh.dev.azure.com:v3/lab/study/study", True),
        ("https://lab.visualstudio.com/_git/study", "https://dev.azure.com/lab/study/_git/study", True),
        ("https://ssh.visualstudio.com/a/b", "https://dev.azure.com/ssh/a/_git/b", False),
    ],
)
def test_what_is_the_same_repository(one, other, same):
    assert is_same(parse(one), parse(other)) == is_same(parse(other), parse(one)) == same


def test_the_longest_rule_rewrites():
    rules = [("https://a/", "x:"), ("https://b/", "x:lab/"), ("https://c/", "")]
    assert rewritten("x:ada/r", rules) == "https://a/ada/r"
    assert rewritten("x:lab/r", rules) == "https://b/r"
    assert rewritten("y:r", rules) == "y:r"
