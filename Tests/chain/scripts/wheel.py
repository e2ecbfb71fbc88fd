"""Makes a wheel of one module and one program, without a build tool."""
import zipfile

INFO = "hello-1.0.dist-info/"
FILES = {
    "hello/__init__.py": "def main(): print('hello from a wheel')\n",
    INFO + "METADATA": "Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n",
    INFO + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    INFO + "entry_points.txt": "[console_scripts]\nhello=hello:main\n",
}
with zipfile.ZipFile("/tmp/hello-1.0-py3-none-any.whl", "w") as wheel:
    for name, content in FILES.items():
        wheel.writestr(name, content)
    wheel.writestr(INFO + "RECORD", "".join(f"{name},,\n" for name in [*FILES, INFO + "RECORD"]))
