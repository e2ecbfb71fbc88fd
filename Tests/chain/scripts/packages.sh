# Two versions of a package with maintainer scripts, in a local repository.
build() {
    root=/repo/$1
    rm -rf $root; mkdir -p $root/DEBIAN $root/usr/bin $root/etc
    cat > $root/DEBIAN/control <<EOF
Package: svc
Version: $1
Architecture: all
Maintainer: a <a@b>
Depends: adduser, svc-data
Description: service
EOF
    for script in preinst postinst prerm postrm; do
        printf '#!/bin/sh\nset -e\necho "%s $*" | sed "s/ *$//" >> /var/log/svc.log\n' $script > $root/DEBIAN/$script
        chmod 755 $root/DEBIAN/$script
    done
    cat >> $root/DEBIAN/postinst <<'EOF'
getent passwd svc >/dev/null || useradd -r -d /var/lib/svc -s /usr/sbin/nologin svc
install -d -o svc -g svc -m 750 /var/lib/svc
update-alternatives --quiet --install /usr/bin/svc svc /usr/bin/svc-a 10
EOF
    cat >> $root/DEBIAN/prerm <<'EOF'
[ "$1" != remove ] || update-alternatives --quiet --remove svc /usr/bin/svc-a
EOF
    cat > $root/DEBIAN/preinst <<'EOF'
#!/bin/sh
set -e
echo "preinst $1 $2" | sed "s/ *$//" >> /var/log/svc.log
[ "$1" = upgrade ] || dpkg-divert --quiet --package svc --rename --divert /etc/issue.orig /etc/issue
EOF
    cat >> $root/DEBIAN/postrm <<'EOF'
[ "$1" != remove ] || dpkg-divert --quiet --package svc --rename --remove /etc/issue
[ "$1" != purge ] || { userdel svc; rm -rf /var/lib/svc; }
EOF
    echo /etc/svc.conf > $root/DEBIAN/conffiles
    echo "conf $1" > $root/etc/svc.conf
    printf '#!/bin/sh\necho %s\n' $1 > $root/usr/bin/svc-a; chmod 755 $root/usr/bin/svc-a
    dpkg-deb -b $root /repo/svc_$1.deb >/dev/null
    rm -r $root
}
mkdir -p /repo/data/DEBIAN
printf 'Package: svc-data\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: d\n' > /repo/data/DEBIAN/control
dpkg-deb -b /repo/data /repo/svc-data_1.deb >/dev/null; rm -r /repo/data
dpkg-query -W adduser >/dev/null 2>&1 || {
    mkdir -p /repo/adduser/DEBIAN
    printf 'Package: adduser\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: d\n' > /repo/adduser/DEBIAN/control
    dpkg-deb -b /repo/adduser /repo/adduser_1.deb >/dev/null; rm -r /repo/adduser
}
cd /repo; echo 'deb [trusted=yes] file:/repo ./' > /etc/apt/sources.list; rm -rf /etc/apt/sources.list.d/*
export DEBIAN_FRONTEND=noninteractive
index() { dpkg-scanpackages -m . /dev/null 2>/dev/null > Packages; apt-get update -qq; }
install() { apt-get install -y -qq "$@" >/tmp/apt.log 2>&1 || cat /tmp/apt.log; }
shown() { cat /var/log/svc.log; : > /var/log/svc.log; }

build 1; index; install svc; shown
getent passwd svc | cut -d: -f1,2,6 | sed 's/:x:/:x:svc:/'; stat -c '%U %G %a' /var/lib/svc; readlink -f /usr/bin/svc
cat /etc/svc.conf; dpkg -s svc | grep Status; test -e /etc/issue.orig && echo diverted; dpkg -V svc
sed -i 's/$/ /' /etc/svc.conf
build 2; index; install -o Dpkg::Options::=--force-confold svc; shown
sed 's/ *$//' /etc/svc.conf; svc
apt-get remove -y -qq svc >/dev/null 2>&1; apt-get purge -y -qq svc >/dev/null 2>&1; shown | grep -v upgrade
test ! -e /etc/svc.conf -a ! -e /var/lib/svc -a -e /etc/issue -a ! -e /usr/bin/svc && echo gone
