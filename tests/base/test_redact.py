"""base/redact.py: secrets are masked wherever they are stored, and nothing else is (W18)."""

from __future__ import annotations

import ast
import copy
import subprocess
import sys
import time
from collections import OrderedDict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamin_lite.base.redact import (
    MASK,
    is_secret_name,
    mask_values,
    redact_args,
    redact_params,
    redact_source,
    redact_text,
)

ROOT = Path(__file__).resolve().parents[2]

SECRET_NAMES = """
password PASSWORD passwd db_password dbPassword DB_PASSWORD userPassword new_password password2 mypassword passphrase
ssh_passphrase pwd db_pwd db_pass smtp_pass secret secrets client_secret clientSecret my_secret_value SECRET_KEY secret_key
django_secret_key jwt_secret secret_id api_key apikey apiKey API_KEY APIKey api-key X-Api-Key openai_api_key OPENAI_KEY
wandb_key hf_key api_keys llm.api_key access_key aws_access_key_id AWS_SECRET_ACCESS_KEY secretAccessKey private_key
rsa_private_key privateKey private_key_id encryption_key signing_key master_key account_key ssh_key credential credentials
db_credentials aws_creds token TOKEN auth_token authToken access_token accessToken refresh_token bearer_token id_token
hf_token HF_TOKEN github_token GH_TOKEN slack_bot_token acme_token csrf_token session_token api_token use_auth_token
personal_access_token access_tokens token_value github_pat auth basic_auth auth_header Authorization auth_cookie
session_cookie jwt authkey htpasswd password_hash keystore_pass +model.api_key
""".split()

PLAIN_NAMES = """
num_memory_tokens use_cls_token cls_token max_tokens tokenizer token_count n_tokens num_tokens tokens token_ids token_id
token_type_ids max_new_tokens min_tokens pad_token eos_token bos_token mask_token unk_token sep_token image_token
num_image_tokens special_tokens additional_special_tokens tokens_per_second tokenize tokenized tokenizer_name token_dim
class_token start_token last_token gene_token token_embedding key keys keyboard key_name sort_key primary_key public_key
foreign_key partition_key cache_key dict_key group_key join_key rng_key prng_key random_key key_size monkey keyword
author authors authority author_email authentic secretary secretariat secretion secreted_protein passing_score passed
bypass pass_rate x_key replicate_key n_pass first_pass forward_pass low_pass lowpass bandpass passenger compass passes path pathway patch
patient pattern patience_pat has_password use_password password_length password_file secret_name token_path token_url
api_key_env auth_type auth_method auth_url use_auth require_auth credentials_path n_secrets no_password is_secret
PWD OLDPWD cwd input_dir learning_rate seed name x hash md5 spwd_count storage_key artifact_key key_prefix obs_key
max_token_len prompt_tokens completion_tokens ignore_token attention_tokens
""".split()

A36 = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
SECRET_TEXTS = [
    f"sk-{A36}",
    f"sk-proj-{A36}_x-y",
    f"sk-ant-api03-{A36}-AA",
    f"key=sk-or-v1-{A36}",
    f"sk_live_{A36}",
    f"ghp_{A36}",
    f"gho_{A36}",
    f"ghs_{A36}",
    f"ghu_{A36}",
    f"github_pat_11ABCDEFG0{A36}_x",
    "glpat-a1B2c3D4e5F6g7H8i9J0",
    "xoxb-123456789012-abcdefGHIJKL",
    "xoxp-123456789012-123456789012-abcdef",
    "xapp-1-A0123456789-0123456789-abcdef",
    "AKIAIOSFODNN7EXAMPLE",
    "(ASIAIOSFODNN7EXAMPLE)",
    'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
    "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "eyJhbGciOiJub25lMSJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.",
    "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "ya29.a0AfH6SMBx1234567890abcdef",
    "hf_abcdefGHIJKLmnopQRSTuvwxYZ12345678",
    f"npm_{A36}",
    "pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMAACKlsz",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXX1a",
    "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789-_",
    "https://ada:hunter2@example.org/r.git",
    "postgresql+psycopg://ada:p@ss:w0rd@db:5432/x",
    "redis://:s3cr3t@cache:6379/0",
    "mysql://root:1@localhost",
    f"https://{A36}@github.com/a/b",
    "Authorization: Bearer abcdef0123456789",
    "authorization: basic YWRhOmh1bnRlcjI=",
    '"Authorization": "token 0123456789abcdef"',
    "curl -H 'authorization:Bearer  a.b.c-123456789'",
    "got bearer 0123456789abcdef0123",
    "GET /x?api_key=abc123&y=1",
    "https://blob.example.net/c?sv=1&sig=abc%2Bdef",
    "https://s3.example.org/x?X-Amz-Signature=0123abcd",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a1B2c3D4e5F6g7H8i9J0k1L2==",
    "Server=db;Password=hunter2;Database=x",
    "SG.a1B2c3D4e5F6g7H8i9J0k1.a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V",
    "dapi0123456789abcdef0123456789abcdef",
    "dop_v1_0123456789abcdef0123456789abcdef0123456789abcdef",
    "nvapi-a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V",
    "gsk_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V",
    "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234\nabcd1234+/==\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA1234\\n-----END PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA (cut)",
]
PLAIN_TEXTS = [
    "",
    "loss=0.12 acc=0.98 epoch=3",
    "sk-toggleable__label-arrow",
    "sk-estimator-id-1",
    "task-abcdefghijklmnopqrstuvwxyz0123456789",
    "risk-a1B2c3D4e5F6g7H8i9J0k1L2",
    "sklearn.linear_model.LogisticRegression",
    "hf_model_name = 'bert-base-uncased'",
    "npm_config_registry",
    "pypi-server",
    "https://example.org/path@v1?x=1&y=2#z",
    "http://localhost:8000/user@example.org",
    "http://[::1]:8080/x",
    "git@github.com:ada/r.git",
    "ssh://git@github.com/ada/r.git",
    "https://ada@example.org/r.git",
    "mailto:ada@example.org",
    "s3://bucket/key@2x.png",
    "sqlite:///x.db",
    "postgresql://user:password@host/db",
    "postgresql://{user}:{password}@{host}/db",
    "postgresql://$USER:$PG_PASSWORD@host/db",
    "postgresql://ada:${PG_PASSWORD}@host/db",
    "https://<user>:<token>@host",
    "https://ada:***@host",
    "Authorization: Bearer {token}",
    "Authorization: Bearer <token>",
    "the bearer authentication scheme",
    "bearer authenticationtokenvalidation",
    "AKIAfoo",
    "eyJ",
    "eyJhbGciOi and more",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEF\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEF\n-----END CERTIFICATE-----",
    "the PRIVATE KEY is not here",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "550e8400-e29b-41d4-a716-446655440000",
    "max_tokens=100&use_cls_token=True;num_tokens=5",
    "f(x)?sort_key=name&key=abc",
    "x = a;token = next(tokens)",
    "GATTACAGATTACAGATTACAGATTACAGATTACAGATTACA",
    "ENSG00000139618.15",
    "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQ",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA",
    "/home/ada/projects/api_keys/readme.md",
    "2026-11-22T08:13:08.123456Z",
    "Password must have 8 characters",
    "token: 17, tokens: 18",
    "xoxo-",
    "AIzawa",
    "12345678:short",
    "ghp_short",
    "SG.x.y",
    "color: #AKIAFF",
    "ya29.x",
    "aws_secret_access_key = get()",
    "dapimodel0123456789",
    "1:2:3@4",
    "://:@",
    "https://@/",
]


def hide(value, text):
    """Nothing of the value is left in the text."""
    return value not in text and MASK in text


def test_the_corpora_are_large_enough():
    assert min(len(SECRET_NAMES), len(PLAIN_NAMES), len(PLAIN_TEXTS)) >= 60
    assert len(SECRET_TEXTS) >= 50


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets_are_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_other_names_are_left_alone(name):
    assert not is_secret_name(name)


@given(st.text())
def test_any_name_is_answered(name):
    assert is_secret_name(name) in (True, False)


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_forms_of_secrets_are_masked(text):
    masked = redact_text(text)
    assert masked != text
    assert MASK in masked
    assert redact_text(masked) == masked, "masking twice changes nothing"
    assert masked.count("\n") == text.count("\n")
    surrounded = redact_text(f"a line\n({text}) 'tail'\n")
    assert surrounded.startswith("a line\n(")
    assert surrounded.endswith("'tail'\n")
    assert MASK in surrounded


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_other_text_is_left_alone(text):
    assert redact_text(text) == text
    assert redact_text(f"x\n{text}\n") == f"x\n{text}\n"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://ada:hunter2@example.org/r.git", "https://ada:***@example.org/r.git"),
        ("a://u:p@ss@h/ b://v:q@i", "a://u:***@h/ b://v:***@i"),
        ("redis://:s3cr3t@cache", "redis://:***@cache"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"),
        ("GET /x?api_key=abc123&y=1", "GET /x?api_key=***&y=1"),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234\n-----END PRIVATE KEY-----\nafter",
            "-----BEGIN PRIVATE KEY-----\n***\n-----END PRIVATE KEY-----\nafter",
        ),
        (f"{'x' * 5} ghp_{A36}, AKIAIOSFODNN7EXAMPLE!", "xxxxx ***, ***!"),
    ],
)
def test_what_is_around_a_secret_stays(text, masked):
    assert redact_text(text) == masked


def test_several_private_keys_are_all_masked():
    one = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234\n-----END RSA PRIVATE KEY-----\n"
    assert redact_text(one * 3).count(MASK) == 3
    assert "MIIE" not in redact_text(one * 3)


# ---------------------------------------------------------------------------------------------------------- params


def test_params_are_masked_at_any_depth():
    params = {
        "lr": 0.1,
        "db": {"user": "ada", "password": "hunter2hunter2", "port": 5432},
        "keys": [{"api_key": "k"}, f"ghp_{A36}", ("x", {"Token": 12345678})],
        "credentials": {"user": "ada-lovelace", "parts": ["first-part", None, True]},
        "use_auth_token": True,
        "password": None,
        "secret": "",
        "url": "https://ada:hunter2@example.org",
        "max_tokens": 100,
        3: "token",
    }
    before = copy.deepcopy(params)
    masked, found = redact_params(params)
    assert params == before, "the params themselves are not changed"
    assert masked == {
        "lr": 0.1,
        "db": {"user": "ada", "password": MASK, "port": 5432},
        "keys": [{"api_key": MASK}, MASK, ("x", {"Token": MASK})],
        "credentials": {"user": MASK, "parts": [MASK, None, True]},
        "use_auth_token": True,
        "password": None,
        "secret": "",
        "url": "https://ada:***@example.org",
        "max_tokens": 100,
        3: "token",
    }
    assert found == {"hunter2hunter2", f"ghp_{A36}", "ada-lovelace", "first-part"}


def test_params_without_secrets_are_returned_themselves():
    params = OrderedDict(a=[1, (2, {3})], b={"c": "text"}, o=object(), n=float("nan"))
    assert redact_params(params)[0] is params
    assert redact_params("plain") == ("plain", set())
    assert redact_params(None) == (None, set())


def test_params_that_hold_themselves_end():
    params = {"password": "hunter2hunter2"}
    params["again"] = params
    masked, found = redact_params(params)
    assert masked["password"] == MASK
    assert found == {"hunter2hunter2"}


def test_an_object_in_a_secret_field_is_masked_unseen():
    class Nasty:
        def __repr__(self):
            raise RuntimeError

    assert redact_params({"api_key": Nasty(), "x": {"password": b"abc"}})[0] == {
        "api_key": MASK,
        "x": {"password": MASK},
    }


def test_ordinary_words_are_masked_in_their_own_field_only():
    masked, found = redact_params({"password": "postgres", "token": "short", "secret": "password"})
    assert masked == {"password": MASK, "token": MASK, "secret": MASK}
    assert found == set()


# ------------------------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("argv", "masked"),
    [
        (["--password", "hunter2"], ["--password", MASK]),
        (["--password=hunter2"], ["--password=***"]),
        (["--api-key=a=b"], ["--api-key=***"]),
        (["--db-password", "a b", "--lr", "0.1"], ["--db-password", MASK, "--lr", "0.1"]),
        (["-password", "x"], ["-password", MASK]),
        (["db.password=x", "+llm.api_key=y", "lr=0.1"], ["db.password=***", "+llm.api_key=***", "lr=0.1"]),
        (["-e", "HF_TOKEN=abc"], ["-e", "HF_TOKEN=***"]),
        (["--url", "https://ada:hunter2@h/x"], ["--url", "https://ada:***@h/x"]),
        ([f"x:ghp_{A36}"], ["x:***"]),
        (["-H", "Authorization: Bearer 0123456789abcdef"], ["-H", "Authorization: Bearer ***"]),
        (['{"password": "hunter2", "n": 1}'], ['{"password": "***", "n": 1}']),
        (["--token", "--verbose", "x"], ["--token", "--verbose", "x"]),
        (["--token"], ["--token"]),
        (["--password", ""], ["--password", ""]),
        (["--password="], ["--password="]),
        (["--password", "-"], ["--password", MASK]),
    ],
)
def test_secrets_in_arguments_are_masked(argv, masked):
    assert redact_args(argv)[0] == masked


@pytest.mark.parametrize(
    "argv",
    [
        ["-p", "8080"],
        ["--max-tokens", "100"],
        ["--use-cls-token", "x", "--num-memory-tokens=5"],
        ["--tokenizer", "bert", "--key", "a/b.txt", "--sort-key=x"],
        ["--password-file", "/run/x", "--token-path=/y"],
        ["a", "", "-", "--", "x=y", "=", "--="],
        ["--author", "ada", "--passing-score", "3"],
    ],
)
def test_other_arguments_are_left_alone(argv):
    assert redact_args(argv) == (argv, set())


def test_values_of_arguments_are_recognised():
    argv = ["--password", "hunter2hunter2", "--api-key=0123456789", "--token", "short", "a_token=postgres"]
    assert redact_args(argv)[1] == {"hunter2hunter2", "0123456789"}


# ---------------------------------------------------------------------------------------------------------- source

SOURCES = [
    ('password = "hunter2"', 'password = "***"'),
    ("password='hunter2'", "password='***'"),
    ('password: str = "hunter2"', 'password: str = "***"'),
    ('password: Optional[str] = "hunter2"', 'password: Optional[str] = "***"'),
    ('self.api_key = "hunter2"', 'self.api_key = "***"'),
    ('cfg["password"] = "hunter2"', 'cfg["password"] = "***"'),
    ("d = {'password': 'hunter2', 'user': 'ada'}", "d = {'password': '***', 'user': 'ada'}"),
    ('h = {"X-Api-Key": "hunter2"}', 'h = {"X-Api-Key": "***"}'),
    ('connect("ada", password="hunter2", port=1)', 'connect("ada", password="***", port=1)'),
    ('def f(token="hunter2"): pass', 'def f(token="***"): pass'),
    ('if password == "hunter2": pass', 'if password == "***": pass'),
    ('(password := "hunter2")', '(password := "***")'),
    ('password = (\n    "hunter2"\n    "more"\n)', 'password = (\n    "***"\n    "***"\n)'),
    ('password = "hunter2" \\\n    "more"', 'password = "***" \\\n    "***"'),
    ('password = """hunter2\nmore\n"""', 'password = """***\n\n"""'),
    ("password = 'hunter2\\\nmore'", "password = '***\\\n'"),
    ('password = "hun\\"ter2"', 'password = "***"'),
    ('password = b"hunter2"', 'password = b"***"'),
    ('password = r"hunter2\\d"', 'password = r"***"'),
    ('password = f"hunter2{x}"', 'password = f"***"'),
    ('x = os.environ.get("API_TOKEN", "abc123def456")', 'x = os.environ.get("API_TOKEN", "***")'),
    ("x = os.getenv('API_TOKEN', default='abc123def456')", "x = os.getenv('API_TOKEN', default='***')"),
    ('password = os.environ.get("X", "abc123def456")', 'password = os.environ.get("X", "***")'),
    ('password = os.environ.get("X") or "abc123def456"', 'password = os.environ.get("X") or "***"'),
    ('setattr(x, "password", "hunter2")', 'setattr(x, "password", "***")'),
    ('p.add_argument("--api-key", default="hunter2")', 'p.add_argument("--api-key", default="***")'),
    (
        'p.add_argument("--password", type=str, default="hunter2")',
        'p.add_argument("--password", type=str, default="***")',
    ),
    ('user, password = "ada", "hunter2"', 'user, password = "ada", "***"'),
    ('auth=("ada", "hunter2")', 'auth=("***", "***")'),
    ('secrets = [\n    "hunter2",\n    b"b",\n]', 'secrets = [\n    "***",\n    b"***",\n]'),
    ('api_key: SecretStr = SecretStr("hunter2")', 'api_key: SecretStr = SecretStr("***")'),
    ('# password = "hunter2"', '# password = "***"'),
    ("x = 'sk-a1B2c3D4e5F6g7H8i9J0k1L2'", "x = '***'"),
    ('url = "postgresql://ada:hunter2@db/x"', 'url = "postgresql://ada:***@db/x"'),
    ('"source": ["password = \\"hunter2\\"\\n"]', '"source": ["password = \\"***\\"\\n"]'),
    ('password = "päßwörter"', 'password = "***"'),
]


@pytest.mark.parametrize(("source", "masked"), SOURCES)
def test_secrets_in_source_are_masked(source, masked):
    assert redact_source(source)[0] == masked
    surrounded = f"import os\n{source}\nx = 1\n"
    assert redact_source(surrounded)[0] == f"import os\n{masked}\nx = 1\n"


PLAIN_SOURCES = """
password = getpass("Enter your password: ")
password = input('password: ')
token = tokens[0]
token = cfg["token"]
token = "GITHUB_TOKEN"
api_key = os.environ["OPENAI_API_KEY"]
api_key = os.environ.get("OPENAI_API_KEY")
api_key = os.environ.get("OPENAI_API_KEY", "")
api_key = open("key.txt").read()
password = "<your password>"
password = "${DB_PASSWORD}"
password = ""
password = None
password = f"{a}"
cls_token = "[CLS]"
headers = {"Authorization": f"Bearer {token}"}
password = get_password("db")
print(f"{password=}")
pad_token = "<pad>"
max_tokens = "100"
tokenizer = "bert-base-uncased"
tokenizer = AutoTokenizer.from_pretrained("bert-base")
key = "my/key.parquet"
ln.Artifact("f.txt", key="art/f1.txt")
author = "Ada Lovelace"
df.sort_values("token_count", ascending=False)
columns = ["password", "username", "email"]
print("password", "is wrong")
def f(token: "Token", key: "Key") -> None: ...
pass; x = "y"
passing_score = "B"
secretary = "Mr. Smith"
primary_key = "id"
assert "token" in text
raise ValueError("token: must not be empty")
token_url = "https://example.org/oauth/token"
password_file = "/etc/app/password"
use_auth = "yes"
first_pass = "first"
parser.add_argument("--key", default="name")
parser.add_argument("--max-tokens", default="128", help="number of tokens")
parser.add_argument("--password", help="the password of the database")
for token, count in [("the", 3), ("a", 2)]: pass
lambda token: "x"
tokens = "a b c".split()
d = dict(key="value", keys="values")
x = {"key": "value", "author": "me", "tokens": "many", "type": "password"}
gene = "KEY1"; patience = "10"; pattern = "a*b"
monkey = "Bubbles"
keyboard = "qwerty"
auth_method = "kerberos"
""".strip().splitlines()


@pytest.mark.parametrize("source", PLAIN_SOURCES)
def test_other_source_is_left_alone(source):
    assert redact_source(source) == (source, set())


def test_values_of_source_are_recognised_and_masked_elsewhere():
    source = 'TOKEN = "abc123def456"\nprint("abc123def456")\nheaders = {"x": "k abc123def456"}  # abc123def456\n'
    masked, found = redact_source(source)
    assert found == {"abc123def456"}
    assert "abc123" not in masked
    assert masked.count(MASK) == 4


def test_a_secret_that_is_a_word_does_not_break_the_code():
    masked, _ = redact_source('password = "dataframe"\ndataframe = load("dataframe")\n')
    assert masked == 'password = "***"\ndataframe = load("***")\n'


def test_escapes_are_resolved_in_what_is_recognised():
    assert redact_source('password = "hunter\\x32-\\"quoted\\""')[1] == {'hunter2-"quoted"'}


def test_masked_source_is_valid_with_the_same_lines():
    key = '-----BEGIN PRIVATE KEY-----\\n"\n    "MIIEpAIBAAKCAQEA1234\\n"\n    "-----END PRIVATE KEY-----'
    parts = [source for source, _ in SOURCES if "source" not in source and "if " not in source]
    whole = "\n".join([*parts, f'key = (\n    "{key}\\n"\n)', f'k = """{SECRET_TEXTS[-3]}"""']) + "\n"
    ast.parse(whole)
    masked, _ = redact_source(whole)
    ast.parse(masked)
    assert masked.count("\n") == whole.count("\n")
    assert "hunter2" not in masked
    assert "MIIE" not in masked
    assert redact_source(masked)[0] == masked


def test_the_source_of_the_standard_library_stays_valid():
    folder = Path(ast.__file__).parent
    for name in [
        "netrc.py",
        "getpass.py",
        "imaplib.py",
        "smtplib.py",
        "urllib/request.py",
        "tokenize.py",
        "argparse.py",
    ]:
        text = (folder / name).read_text(encoding="utf-8")
        masked, _ = redact_source(text)
        ast.parse(masked)
        assert masked.count("\n") == text.count("\n")
    text = (folder / "tokenize.py").read_text(encoding="utf-8")
    assert redact_source(text)[0] == text


@given(st.text(alphabet="password=:'\"\\ \n(){}[],.token", max_size=200))
def test_any_text_keeps_its_lines(text):
    masked, _ = redact_source(text)
    assert masked.count("\n") == text.count("\n")


# ------------------------------------------------------------------------------------------------ values, the rest


def test_values_are_masked_longest_first_in_every_spelling():
    values = {"hunter2hunter2", "hunter2hunter2!!", "it's \n new", "a/b c+d=e", "short"}
    text = "hunter2hunter2!! hunter2hunter2 short 'it\\'s' \"it's \\n new\" a%2Fb%20c%2Bd%3De a/b c+d=e"
    assert mask_values(text, values) == "*** *** short 'it\\'s' \"***\" *** ***"


def test_no_value_leaves_the_text_as_it_is():
    assert mask_values("text", set()) == "text"


HOSTILE = [
    "a" * 10**6,
    "eyJ" * 300_000,
    "eyJaaaaaaaa." * 80_000,
    ".eyJ" + "a" * 10**6,
    "://" * 300_000,
    "://a:" * 200_000,
    "://" + "a:" * 500_000,
    "https://" + "a" * 10**6,
    "-----BEGIN PRIVATE KEY-----" * 37_000,
    "-----BEGIN PRIVATE KEY-----\n-----END\n" * 25_000,
    "PRIVATE KEY" * 90_000,
    "sk-" * 330_000,
    "ghp_" * 250_000,
    "SG." + "a." * 500_000,
    "bearer " * 140_000,
    "authorization: " * 66_000,
    "?a=" * 330_000,
    "?token" * 160_000,
    'token="' * 140_000,
    "token='token=\"" * 70_000,
    'token="\\"' * 110_000,
    'token="' + '\\"' * 500_000,
    "token='''" * 110_000,
    "token=\"\"\"token='''" * 55_000,
    "token:" * 160_000,
    "token:a " * 125_000,
    "token=" + " " * 10**6,
    "token=(" * 140_000,
    "token=('a'," + "'b'," * 250_000,
    "token=['a'," * 90_000,
    "token=f(" * 120_000,
    'get("token",' * 80_000,
    "token=or " * 110_000,
    "token=x(''," * 90_000,
    "password_" * 110_000,
    "a,password=" * 90_000,
    'a,password="x"' * 70_000,
    'token="a" ' + '"b" ' * 250_000,
    "\\" * 10**6,
    "token=\\\n" * 120_000,
    "password\n" * 110_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:14]))
def test_hostile_input_takes_time_in_proportion(text):
    text = text[: len(text) // 3]  # a third of a million characters: what grows with their square takes minutes
    begun = time.process_time()
    redact_text(text)
    assert time.process_time() - begun < 5
    redact_source(text)
    assert time.process_time() - begun < 10


def test_importing_it_loads_no_re():
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import lamin_lite.base.redact as r; r.is_secret_name('a')"
    code += "; print('re' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "False\n", done.stderr
