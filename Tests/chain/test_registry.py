"""Images from and to a real registry: Debian's docker-registry, judged with skopeo."""
import base64
import hashlib
import io
import json
import random
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time

import pytest

from conftest import BIN, Chain, wait_until
from registry_server import PASSWORD, USER, Proxy, Registry, make_certificate

pytestmark = pytest.mark.skipif(not shutil.which("docker-registry"), reason="docker-registry is not installed")


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    server = Registry(tmp_path_factory.mktemp("registry") / "plain")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def basic(tmp_path_factory):
    server = Registry(tmp_path_factory.mktemp("registry") / "basic", auth="basic")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    server = Registry(tmp_path_factory.mktemp("registry") / "tls", tls=True)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    server = Registry(tmp_path_factory.mktemp("registry") / "token", auth="token")
    yield server
    server.stop()


@pytest.fixture
def proxy(registry):
    server = Proxy(registry)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def base(chain, registry):
    """runu-base in the registry."""
    name = f"{registry.name}/runu-base:1"
    chain.docker("tag", "runu-base", name)
    chain.docker("push", name)
    chain.docker("rmi", name)
    return name


@pytest.fixture(scope="module")
def large(chain, registry):
    """An image with a layer of 24 MB that does not compress, in the registry."""
    data = random.Random(1).randbytes(24 << 20)
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        entry = tarfile.TarInfo("large")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    path = chain.folder / "large.tar"
    path.write_bytes(layer.getvalue())
    name = f"{registry.name}/large:1"
    chain.docker("import", path, name)
    chain.docker("push", name)
    chain.docker("rmi", name)
    return name


def skopeo(*arguments, check=True):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is not installed")
    return subprocess.run(["skopeo", *arguments], text=True, capture_output=True, check=check)


def layer_of(registry, repository):
    return registry.manifest(repository, "1")["layers"][0]["digest"]


def unpacked(chain, name):
    """The files called `name` in snapshots' folders."""
    return list((chain.folder / "data/ukontainer/manager").glob(f"io.containerd.snapshotter.v1.*/snapshots/*/fs/{name}"))


def ctr_remove(chain, name):
    chain.ukctr("images", "rm", "--sync", name, check=False)


def test_docker_pushes_and_pulls(chain, registry, base, name):
    output = chain.docker("pull", base).stdout
    assert "1: Pulling from runu-base" in output
    # The base's own name keeps its layer here.
    assert "Already exists" in output
    assert "Digest: sha256:" in output
    assert f"Status: Downloaded newer image for {base}" in output
    assert f"Status: Image is up to date for {base}" in chain.docker("pull", base).stdout
    assert chain.docker("run", "--rm", base, "echo", "pulled").stdout == "pulled\n"
    second = f"{registry.name}/folder/again:v2"
    chain.docker("tag", base, second)
    output = chain.docker("push", second).stdout
    assert f"The push refers to repository [{registry.name}/folder/again]" in output
    assert "Mounted from runu-base" in output
    digest = output.split("digest: ")[1].split()[0]
    judged = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{second}").stdout)
    assert judged["Digest"] == digest
    assert "Layer already exists" in chain.docker("push", second).stdout
    chain.docker("rmi", base, second)


def test_a_missing_image_is_pulled_to_run(chain, base):
    chain.docker("rmi", base, check=False)
    result = chain.docker("run", "--rm", base, "echo", "there")
    assert result.stdout == "there\n"
    assert f"Unable to find image '{base}' locally" in result.stderr
    chain.docker("rmi", base)
    result = chain.uk("run", "--rm", base, "echo", "there")
    assert result.stdout == "there\n"
    chain.uk("rmi", base)


def test_by_digest(chain, registry, base):
    digest = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{base}").stdout)["Digest"]
    name = f"{registry.name}/runu-base@{digest}"
    assert f"Digest: {digest}" in chain.docker("pull", name).stdout
    assert chain.docker("run", "--rm", name, "echo", "there").stdout == "there\n"
    chain.docker("rmi", name)


def test_what_is_not_there_is_named(chain, registry):
    name = f"{registry.name}/not/there:1"
    result = chain.docker("pull", name, check=False)
    assert result.returncode == 1
    assert f"manifest for {name} not found: manifest unknown" in result.stderr
    result = chain.docker("run", name, check=False)
    assert result.returncode == 125
    assert name in result.stderr
    assert "not found" in chain.ukctr("images", "pull", name, check=False).stderr
    result = chain.docker("push", f"{registry.name}/never/tagged:1", check=False)
    assert result.returncode == 1
    assert "does not exist locally with the tag" in result.stderr


def test_a_registry_that_is_not_there_is_named(chain):
    result = chain.docker("pull", "127.0.0.1:1/x", check=False)
    assert result.returncode == 1
    assert "connection refused" in result.stderr
    result = chain.docker("pull", "no-such-registry.invalid/x", check=False)
    assert result.returncode == 1
    assert "no-such-registry.invalid" in result.stderr


def test_ukctr(chain, registry, base):
    output = chain.ukctr("images", "pull", "--plain-http", base).stdout
    assert "manifest-sha256:" in output or "resolved" in output
    assert "unpacked" in output
    assert base in chain.ukctr("images", "ls", "-q").stdout
    other = f"{registry.name}/from-ukctr:1"
    chain.ukctr("images", "push", "--plain-http", other, base)
    inspected = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{other}").stdout)
    assert inspected["Digest"] == json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{base}").stdout)["Digest"]
    manifest = chain.ukctr("content", "fetch-object", "--plain-http", base).stdout
    layer = json.loads(manifest)["layers"][0]
    third = f"{registry.name}/objects:1"
    pushed = chain.ukctr(
        "content", "push-object", "--plain-http", third, layer["digest"], layer["mediaType"]).stdout
    assert layer["digest"] in pushed
    command = [BIN / "ukctr", "-a", chain.manager_socket, "content", "fetch-object", "--plain-http", third, layer["digest"]]
    fetched = subprocess.run(command, env=chain.env, capture_output=True, check=True).stdout
    assert "sha256:" + hashlib.sha256(fetched).hexdigest() == layer["digest"]
    ctr_remove(chain, base)
    chain.ukctr("content", "fetch", base)
    assert "true" not in chain.ukctr("images", "check", f"name=={base}").stdout
    ctr_remove(chain, base)


def test_debians_ctr_fetches_into_our_store(chain, registry, base):
    chain.ctr("images", "pull", "--plain-http", base)
    assert chain.ukctr("run", "--rm", base, "from-ctr", "/bin/echo", "there").stdout == "there\n"
    other = f"{registry.name}/from-ctr:1"
    chain.ctr("images", "tag", base, other)
    chain.ctr("images", "push", "--plain-http", other)
    skopeo("inspect", "--tls-verify=false", f"docker://{other}")
    ctr_remove(chain, base)
    ctr_remove(chain, other)


def test_basic_authentication(chain, basic):
    name = f"{basic.name}/private:1"
    chain.docker("tag", "runu-base", name)
    result = chain.docker("push", name, check=False)
    assert result.returncode == 1
    assert "no basic auth credentials" in result.stderr
    login = ["login", "-u", USER, "--password-stdin", basic.name]
    result = chain.docker(*login, input="wrong", check=False)
    assert result.returncode == 1
    assert "unauthorized" in result.stderr
    assert "Login Succeeded" in chain.docker(*login, input=PASSWORD).stdout
    chain.docker("push", name)
    chain.docker("rmi", name)
    chain.docker("pull", name)
    chain.docker("rmi", name)
    chain.docker("logout", basic.name)
    result = chain.ukctr("images", "pull", name, check=False)
    assert result.returncode == 1
    assert "no basic auth credentials" in result.stderr
    result = chain.ukctr("images", "pull", "--user", f"{USER}:wrong", name, check=False)
    assert result.returncode == 1
    assert "unauthorized" in result.stderr
    chain.ukctr("images", "pull", "--user", f"{USER}:{PASSWORD}", name)
    ctr_remove(chain, name)


def test_uk_logs_in_pushes_pulls_and_logs_out(chain, basic):
    """docker's client is the other side: each of the two uses what the other has written to config.json."""
    name = f"{basic.name}/by-uk:1"
    settings = chain.folder / "config/config.json"
    chain.uk("tag", "runu-base", name)
    result = chain.uk("push", name, check=False)
    assert result.returncode == 1 and "no basic auth credentials" in result.stderr
    login = ["login", "-u", USER, "--password-stdin", f"http://{basic.name}/v2/"]
    result = chain.uk(*login, input="wrong", check=False)
    assert result.returncode == 1 and "unauthorized" in result.stderr
    assert not settings.exists() or basic.name not in settings.read_text()
    settings.write_text(json.dumps({"detachKeys": "ctrl-x", "auths": {"other.example": {"auth": "eDp5"}}}))
    result = chain.uk(*login, input=PASSWORD + "\n")
    assert result.stdout == "Login Succeeded\n" and "unencrypted" in result.stderr
    kept = json.loads(settings.read_text())
    assert kept["detachKeys"] == "ctrl-x" and list(kept["auths"]) == ["other.example", basic.name]
    assert base64.b64decode(kept["auths"][basic.name]["auth"]).decode() == f"{USER}:{PASSWORD}"
    assert settings.stat().st_mode & 0o777 == 0o600
    # With the account known, nothing is asked.
    assert "Login Succeeded" in chain.uk("login", basic.name).stdout
    pushed = chain.uk("push", name).stdout
    digest = re.search("^1: digest: (sha256:[0-9a-f]{64}) size: [0-9]+$", pushed, re.M)[1]
    assert f"The push refers to repository [{basic.name}/by-uk]" in pushed
    assert chain.uk("image", "push", "-q", name).stdout == f"{name}\n"
    chain.uk("rmi", name)
    assert digest in chain.docker("pull", name).stdout
    chain.uk("rmi", name)
    assert digest in chain.uk("pull", name).stdout
    chain.uk("rmi", name)
    assert chain.uk("run", "--rm", name, "echo", "pulled").stdout == "pulled\n"
    # docker's client finds the entry, and its own is found.
    assert "Removing login credentials" in chain.docker("logout", basic.name).stdout
    chain.docker("login", "-u", USER, "--password-stdin", basic.name, input=PASSWORD)
    chain.uk("push", name)
    assert chain.uk("logout", basic.name).stdout == f"Removing login credentials for {basic.name}\n"
    assert list(json.loads(settings.read_text())["auths"]) == ["other.example"]
    assert "no basic auth credentials" in chain.uk("push", name, check=False).stderr
    chain.uk("rmi", name)
    settings.unlink()


def test_uk_pushes_all_tags_or_one(chain, registry):
    for tag in ("latest", "a"):
        chain.uk("tag", "runu-base", f"{registry.name}/tags:{tag}")
    assert chain.uk("push", f"{registry.name}/tags").stdout.startswith("Using default tag: latest\n")
    assert "config" not in registry.manifest("tags", "a")
    assert "config" in registry.manifest("tags", "latest")
    chain.uk("push", "-a", f"{registry.name}/tags")
    assert registry.manifest("tags", "a") == registry.manifest("tags", "latest")
    for arguments, text in ((["-a", f"{registry.name}/tags:a"], "tag can't be used with --all-tags/-a"),
                            ([f"{registry.name}/tags@sha256:{'0' * 64}"], "cannot push a digest reference"),
                            ([f"{registry.name}/tags:other"], "does not exist locally")):
        result = chain.uk("push", *arguments, check=False)
        assert result.returncode == 1 and text in result.stderr, result.stderr
    chain.uk("rmi", f"{registry.name}/tags:a", f"{registry.name}/tags:latest")


def test_a_program_that_keeps_passwords_is_asked_for_them(chain, basic, tmp_path):
    """docker's protocol of credential helpers; docker's client runs the same one."""
    helper, kept = tmp_path / "docker-credential-test", tmp_path / "kept"
    helper.write_text(f"""#!/bin/sh
case $1 in
    store) cat >{kept} ;;
    get) if [ -e {kept} ]; then cat {kept}; else echo credentials not found in native keychain; exit 1; fi ;;
    erase) rm -f {kept} ;;
    list) echo '{{}}' ;;
esac
""")
    helper.chmod(0o755)
    config = tmp_path / "config"
    config.mkdir()
    (config / "config.json").write_text('{"credsStore": "test"}')
    env = {"PATH": f"{tmp_path}:{chain.env['PATH']}", "DOCKER_CONFIG": str(config)}
    name = f"{basic.name}/by-helper:1"
    chain.uk("tag", "runu-base", name)
    assert "no basic auth credentials" in chain.uk("push", name, env=env, check=False).stderr
    result = chain.uk("login", "-u", USER, "--password-stdin", basic.name, input=PASSWORD, env=env)
    assert "Login Succeeded" in result.stdout and "unencrypted" not in result.stderr
    assert json.loads(kept.read_text()) == {"ServerURL": basic.name, "Username": USER, "Secret": PASSWORD}
    assert json.loads((config / "config.json").read_text())["auths"] == {basic.name: {}}
    chain.uk("push", name, env=env)
    chain.docker("push", name, env=env)
    chain.uk("logout", basic.name, env=env)
    assert not kept.exists()
    (config / "config.json").write_text('{"credsStore": "missing"}')
    assert "docker-credential-missing" in chain.uk("push", name, env=env, check=False).stderr
    chain.uk("rmi", name)


def test_tokens(chain, tokens):
    name = f"{tokens.name}/a/token:1"
    chain.docker("login", "-u", USER, "--password-stdin", tokens.name, input=PASSWORD)
    chain.docker("tag", "runu-base", name)
    chain.docker("push", name)
    chain.docker("rmi", name)
    chain.docker("pull", name)
    chain.docker("rmi", name)
    assert any("repository:a/token:pull,push" in scope for scope in tokens.tokens.scopes)
    chain.docker("logout", tokens.name)
    result = chain.docker("pull", name, check=False)
    assert result.returncode == 1
    assert "unauthorized" in result.stderr


def test_tls(chain, secure, tmp_path):
    name = f"{secure.name}/over/tls:1"
    # Like docker, the daemon trusts addresses of this machine.
    chain.docker("tag", "runu-base", name)
    chain.docker("push", name)
    chain.docker("rmi", name)
    hosts = tmp_path / secure.name
    hosts.mkdir()
    (hosts / "hosts.toml").write_text(f"""
server = "https://{secure.name}"
[host."https://{secure.name}"]
  capabilities = ["pull", "resolve", "push"]
  ca = "{secure.certificate}"
""")
    chain.ukctr("images", "pull", "--hosts-dir", tmp_path, name)
    ctr_remove(chain, name)
    chain.ukctr("images", "pull", "--tlscacert", secure.certificate, name)
    ctr_remove(chain, name)
    other, _ = make_certificate(tmp_path, "other")
    result = chain.ukctr("images", "pull", "--tlscacert", other, name, check=False)
    assert result.returncode == 1
    assert "tls" in result.stderr
    chain.ukctr("images", "pull", "--tlscacert", other, "--skip-verify", name)
    ctr_remove(chain, name)


def test_a_mirror_comes_first_and_the_registry_last(chain, registry, base, tmp_path):
    hosts = tmp_path / "registry.invalid"
    hosts.mkdir()
    (hosts / "hosts.toml").write_text(f"""
server = "https://registry.invalid"
[host."http://127.0.0.1:1"]
  capabilities = ["pull", "resolve"]
[host."http://{registry.name}"]
  capabilities = ["pull", "resolve"]
  [host."http://{registry.name}".header]
    x-custom = ["a", "b"]
""")
    name = "registry.invalid/runu-base:1"
    chain.ukctr("images", "pull", "--hosts-dir", tmp_path, name)
    assert name in chain.ukctr("images", "ls", "-q").stdout
    ctr_remove(chain, name)
    result = chain.ukctr("images", "pull", "--hosts-dir", tmp_path, "registry.invalid/nothing:1", check=False)
    assert result.returncode == 1
    (hosts / "hosts.toml").write_text("server = [nonsense\n")
    result = chain.ukctr("images", "pull", "--hosts-dir", tmp_path, name, check=False)
    assert result.returncode == 1
    assert "hosts.toml" in result.stderr


def test_an_index_is_pulled_for_this_platform(chain, registry, base, tmp_path):
    layout = tmp_path / "layout"
    skopeo("copy", "--src-tls-verify=false", f"docker://{base}", f"oci:{layout}:a", "--insecure-policy")
    index = json.loads((layout / "index.json").read_text())
    manifest = index["manifests"][0]
    manifest.pop("annotations", None)
    original = (layout / "blobs/sha256" / manifest["digest"][7:]).read_bytes()

    def add(data):
        import hashlib
        digest = hashlib.sha256(data).hexdigest()
        (layout / "blobs/sha256" / digest).write_bytes(data)
        return "sha256:" + digest, len(data)
    # The same image for another processor: the same layers, another configuration.
    document = json.loads(original)
    configuration = json.loads((layout / "blobs/sha256" / document["config"]["digest"][7:]).read_bytes())
    configuration["architecture"] = "s390x"
    digest, size = add(json.dumps(configuration).encode())
    document["config"].update(digest=digest, size=size)
    digest, size = add(json.dumps(document).encode())
    other = {**manifest, "digest": digest, "size": size, "platform": {"os": "linux", "architecture": "s390x"}}
    mine = {**manifest, "platform": {"os": "linux", "architecture": "amd64"}}
    both = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                       "manifests": [other, mine]}).encode()
    digest, size = add(both)
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [
        {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest, "size": size,
         "annotations": {"org.opencontainers.image.ref.name": "a"}}]}))
    name = f"{registry.name}/both:1"
    skopeo("copy", "--all", "--insecure-policy", "--dest-tls-verify=false", f"oci:{layout}:a", f"docker://{name}")
    both = json.loads(skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{name}").stdout)
    mine = next(m for m in both["manifests"] if m["platform"]["architecture"] == "amd64")
    chain.docker("pull", name)
    assert chain.docker("inspect", "-f", "{{.Architecture}}", name).stdout == "amd64\n"
    assert chain.docker("run", "--rm", name, "echo", "mine").stdout == "mine\n"
    # Not all of the index is here: what is goes out as one image.
    chain.docker("tag", name, f"{registry.name}/mine:1")
    assert mine["digest"] in chain.docker("push", f"{registry.name}/mine:1").stdout
    chain.docker("rmi", name, f"{registry.name}/mine:1")
    chain.ukctr("images", "pull", "--platform", "linux/s390x", "--no-unpack", name)
    ctr_remove(chain, name)
    chain.ukctr("images", "pull", "--all-platforms", name)
    chain.ukctr("images", "push", f"{registry.name}/copied:1", name)
    raw = skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{registry.name}/copied:1").stdout
    assert json.loads(raw) == both
    ctr_remove(chain, name)
    result = chain.ukctr("images", "pull", "--platform", "linux/riscv64", name, check=False)
    assert result.returncode == 1
    assert "no matching manifest for linux/riscv64" in result.stderr


def test_a_corrupted_blob_is_refused(chain, registry, large):
    blob = registry.blob(layer_of(registry, "large"))
    with open(blob, "r+b") as file:
        file.seek(12 << 20)
        right = file.read(1)
        file.seek(12 << 20)
        file.write(bytes([right[0] ^ 1]))
    try:
        result = chain.docker("pull", large, check=False)
        assert result.returncode == 1
        assert "unexpected commit digest" in result.stderr
        assert large not in chain.ukctr("-n", "moby", "images", "ls", "-q").stdout
        assert layer_of(registry, "large") not in chain.ukctr("-n", "moby", "content", "active").stdout
    finally:
        with open(blob, "r+b") as file:
            file.seek(12 << 20)
            file.write(right)
    output = chain.docker("pull", large).stdout
    for step in "Pulling fs layer", "Verifying Checksum", "Download complete", "Pull complete":
        assert f": {step}\n" in output
    chain.docker("rmi", large)


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_a_layer_is_unpacked_while_it_comes(chain, proxy, registry, large, right):
    """And nobody sees it before all of it is verified."""
    name = f"{proxy.name}/large:1"
    wait_until(lambda: not unpacked(chain, "large"), what="the end of what an earlier test unpacked")
    blob = registry.blob(layer_of(registry, "large"))
    original = blob.read_bytes()
    if not right:
        blob.write_bytes(original[:-3 << 20] + bytes(3 << 20))
    proxy.hold_after = 12 << 20
    client = subprocess.Popen([BIN / "uk", "pull", name], env=chain.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: any(p.stat().st_size > 8 << 20 for p in unpacked(chain, "large")), what="a part of the layer")
        kinds = chain.ukctr("-n", "moby", "snapshots", "ls").stdout
        assert "extract-" in kinds
        lines = chain.ukctr("-n", "moby", "content", "ls").stdout.splitlines()
        assert not any(line.startswith(layer_of(registry, "large")) for line in lines)
        proxy.let_go.set()
        output = client.communicate(timeout=200)[0].decode()
        assert (client.returncode == 0) == right, output
        assert "extract-" not in chain.ukctr("-n", "moby", "snapshots", "ls").stdout
        if right:
            assert [p.read_bytes() for p in unpacked(chain, "large")] == [original[512:512 + (24 << 20)]]
            chain.uk("rmi", name)
        else:
            assert "unexpected commit digest" in output
        wait_until(lambda: not unpacked(chain, "large"), what="an end of the layer")
    finally:
        proxy.let_go.set()
        client.kill()
        client.wait()
        blob.write_bytes(original)


def test_a_connection_that_breaks_goes_on_where_it_stopped(chain, proxy, large):
    name = f"{proxy.name}/large:1"
    proxy.cuts, proxy.cut_after = 3, 5 << 20
    chain.ukctr("images", "pull", name)
    ctr_remove(chain, name)
    ranges = [r for path, r, _ in proxy.requests if "/blobs/" in path and r]
    assert len(ranges) == 3
    # What was on its way when the connection broke may be lost, what had come may not.
    offsets = [int(r.removeprefix("bytes=").rstrip("-")) for r in ranges]
    assert offsets == sorted(offsets) and offsets[0] >= 2 << 20 and offsets[-1] >= 9 << 20


def test_a_registry_that_is_busy_is_asked_again_when_it_says(chain, proxy, large):
    name = f"{proxy.name}/large:1"
    proxy.refusals = [(429, "1"), (503, "1")]
    start = time.monotonic()
    chain.ukctr("images", "pull", name)
    assert not proxy.refusals and time.monotonic() - start >= 1
    ctr_remove(chain, name)
    proxy.refusals = [(503, "0")] * 50
    result = chain.ukctr("images", "pull", name, check=False)
    assert result.returncode == 1
    assert "503" in result.stderr
    proxy.refusals = []


def test_a_blob_longer_than_its_descriptor_is_refused(chain, proxy, large):
    name = f"{proxy.name}/large:1"
    proxy.excess = b"more"
    result = chain.ukctr("images", "pull", name, check=False)
    assert result.returncode == 1
    assert "more bytes than the" in result.stderr
    assert name not in chain.ukctr("images", "ls", "-q").stdout
    proxy.excess = b""
    chain.ukctr("images", "pull", name)
    ctr_remove(chain, name)


def test_a_password_does_not_follow_to_another_server(chain, basic, large):
    front, store = Proxy(basic), Proxy(basic)
    try:
        name = f"{front.name}/large:1"
        user = ["--user", f"{USER}:{PASSWORD}"]
        chain.ukctr("images", "pull", large)
        chain.ukctr("images", "push", *user, f"{basic.name}/large:1", large)
        ctr_remove(chain, large)
        front.redirect = store.name
        store.authorization = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        chain.ukctr("images", "pull", *user, name)
        assert any(who for _, _, who in front.requests)
        assert store.requests and not any(who for _, _, who in store.requests)
        ctr_remove(chain, name)
    finally:
        front.stop()
        store.stop()


def test_a_proxy_is_used_where_the_environment_names_one(chain, proxy, base):
    name = "registry.invalid/runu-base:1"
    through = {"HTTP_PROXY": f"http://{proxy.name}", "no_proxy": "example.com"}
    chain.ukctr("images", "pull", "--plain-http", name, env=through)
    assert proxy.requests[0][0] == "registry.invalid:80"
    ctr_remove(chain, name)
    proxy.requests.clear()
    result = chain.ukctr("images", "pull", "--plain-http", name, env={**through, "no_proxy": ".invalid"}, check=False)
    assert result.returncode == 1
    # This machine's own addresses are reached directly.
    chain.ukctr("images", "pull", base, env=through)
    ctr_remove(chain, base)
    assert not proxy.requests


@pytest.mark.parametrize("client", ["docker", "uk"])
def test_all_tags_of_a_repository(chain, registry, base, client):
    repository = f"{registry.name}/tags/{client}"
    names = [f"{repository}:{tag}" for tag in ("one", "two")]
    for name in names:
        chain.docker("tag", "runu-base", name)
        chain.docker("push", name)
        chain.docker("rmi", name)
    chain.run(*([BIN / "uk"] if client == "uk" else ["docker"]), "pull", "-a", repository)
    listed = chain.docker("images", "--format", "{{.Repository}}:{{.Tag}}", repository).stdout.split()
    assert set(names) <= set(listed)
    chain.docker("rmi", *names)
    result = chain.run(BIN / "uk", "pull", "-a", f"{registry.name}/no/such", check=False)
    assert result.returncode == 1


def test_a_look_at_what_a_registry_has(chain, registry, base):
    def look(name):
        result = chain.run("curl", "-s", "--unix-socket", chain.socket, f"http://d/v1.41/distribution/{name}/json")
        return json.loads(result.stdout)
    judged = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{base}").stdout)
    seen = look(base)
    assert seen["Descriptor"]["digest"] == judged["Digest"]
    assert seen["Descriptor"]["mediaType"] and seen["Descriptor"]["size"] > 0
    assert seen["Platforms"] == [{"architecture": judged["Architecture"], "os": "linux"}]
    assert "manifest unknown" in look(f"{registry.name}/not/there:1")["message"]


def came(chain, namespace):
    """How many bytes have come of layers that are on their way."""
    told = chain.ukctr("-n", namespace, "--format", "json", "content", "active", "layer-").stdout
    return sum(int(ingest.get("offset", 0)) for ingest in json.loads(told))


def test_a_killed_client_leaves_what_came_and_the_next_goes_on(chain, proxy, large):
    name = f"{proxy.name}/large:1"
    proxy.hold_after = 3 << 20
    client = subprocess.Popen([BIN / "ukctr", "images", "pull", name], env=chain.env, stdout=subprocess.DEVNULL)
    wait_until(lambda: came(chain, "default") > 0, what="a part of the layer")
    client.kill()
    client.wait()
    assert "layer-" in chain.ukctr("content", "active").stdout
    proxy.hold_after = None
    proxy.let_go.set()
    proxy.requests.clear()
    wait_until(lambda: chain.ukctr("images", "pull", name, check=False).returncode == 0, what="a pull that goes on")
    assert any(r and int(r.removeprefix("bytes=").rstrip("-")) > 0 for path, r, _ in proxy.requests if "/blobs/" in path)
    ctr_remove(chain, name)


def test_a_manager_killed_in_the_middle_loses_nothing(proxy, registry, large):
    own = Chain(tempfile.mkdtemp(prefix="uk-", dir="/tmp"))
    try:
        own.start()
        name = f"{proxy.name}/large:1"
        before = 0
        for _ in range(3):
            # However slow the kill is, no more comes than this.
            proxy.delay, proxy.hold_after = 0.02, 3 << 20
            proxy.let_go.clear()
            client = subprocess.Popen(
                [BIN / "uk", "pull", name], env=own.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: came(own, "moby") > before, what="a further part of the layer")
            before = came(own, "moby")
            own.kill("ukmanager", signal.SIGKILL)
            own.start("ukmanager")
            proxy.let_go.set()
            client.wait(200)
        proxy.delay, proxy.hold_after = 0, None
        proxy.requests.clear()
        own.uk("pull", name)
        layer = layer_of(registry, "large")
        assert all(r for path, r, _ in proxy.requests if layer in path), "what had come was fetched again"
        assert own.uk("images", "-q", name).stdout.strip()
        own.assert_clean()
    finally:
        own.stop()
        shutil.rmtree(own.folder, ignore_errors=True)


def test_memory_stays_bounded(chain, registry, large):
    """A pull holds pieces of a layer, not layers."""
    pid = chain.daemons["ukd"].pid

    def peak():
        status = open(f"/proc/{pid}/status").read()
        return int(status.split("VmHWM:")[1].split()[0])
    open(f"/proc/{pid}/clear_refs", "w").write("5")
    before = peak()
    chain.docker("pull", large)
    assert peak() - before < 20 << 10
    chain.docker("rmi", large)
