"""Numbers of the system calls that the sandbox refuses or looks at: x86_64/aarch64.

From the kernel's `unistd_64.h` and `asm-generic/unistd.h`; `-` where an architecture has no such
call. From 424 on the numbers are the same everywhere.
"""

from __future__ import annotations

NEWEST = 469
"""The last one that these lists have seen: file_setattr, of Linux 6.17."""

REFUSED = {
    # A pair of connected sockets can be had (`socketpair`); nothing else that reaches someone.
    "sockets": """
        socket 41/198, connect 42/203, bind 49/200, listen 50/201, accept 43/202,
        accept4 288/242, sendmsg 46/211, sendmmsg 307/269, io_uring_setup 425/425,
        io_uring_enter 426/426, io_uring_register 427/427
    """,
    "processes": """
        fork 57/-, vfork 58/-, execve 59/221, execveat 322/281, setsid 112/157, setpgid 109/154
    """,
    # Landlock knows nothing of modes, owners, times and attributes, nor of who watches a file.
    "files": """
        chmod 90/-, fchmod 91/52, fchmodat 268/53, fchmodat2 452/452, chown 92/-, fchown 93/55,
        lchown 94/-, fchownat 260/54, utime 132/-, utimes 235/-, futimesat 261/-,
        utimensat 280/88, setxattr 188/5, lsetxattr 189/6, fsetxattr 190/7, setxattrat 463/463,
        removexattr 197/14, lremovexattr 198/15, fremovexattr 199/16, removexattrat 466/466,
        file_setattr 469/469, mknod 133/-, mknodat 259/33, inotify_init 253/-,
        inotify_init1 294/26, fanotify_init 300/262, fanotify_mark 301/263,
        name_to_handle_at 303/264, open_by_handle_at 304/265
    """,
    "other processes": """
        tkill 200/130, rt_sigqueueinfo 129/138, rt_tgsigqueueinfo 297/240, pidfd_open 434/434,
        pidfd_getfd 438/438, pidfd_send_signal 424/424, ptrace 101/117,
        process_vm_readv 310/270, process_vm_writev 311/271, kcmp 312/272,
        process_madvise 440/440, process_mrelease 448/448, migrate_pages 256/238,
        move_pages 279/239, setpriority 141/140, ioprio_set 251/30, sched_setaffinity 203/122,
        sched_setattr 314/274, sched_setparam 142/118, sched_setscheduler 144/119
    """,
    # What outlives a process, or is seen by others; memory that no limit counts.
    "shared memory and messages": """
        shmget 29/194, shmat 30/196, shmctl 31/195, semget 64/190, semctl 66/191, semop 65/193,
        semtimedop 220/192, msgget 68/186, msgsnd 69/189, msgrcv 70/188, msgctl 71/187,
        mq_open 240/180, mq_unlink 241/181, mq_notify 244/184, memfd_create 319/279,
        memfd_secret 447/447
    """,
    "the machine": """
        mount 165/40, umount2 166/39, pivot_root 155/41, chroot 161/51, unshare 272/97,
        setns 308/268, open_tree 428/428, move_mount 429/429, fsopen 430/430, fsconfig 431/431,
        fsmount 432/432, fspick 433/433, mount_setattr 442/442, statmount 457/457,
        listmount 458/458, open_tree_attr 467/467, bpf 321/280, perf_event_open 298/241,
        userfaultfd 323/282, add_key 248/217, request_key 249/218, keyctl 250/219,
        setuid 105/146, setgid 106/144, setreuid 113/145, setregid 114/143, setresuid 117/147,
        setresgid 119/149, setgroups 116/159, setfsuid 122/151, setfsgid 123/152, capset 126/91,
        lsm_set_self_attr 460/460, personality 135/92, acct 163/89, swapon 167/224,
        swapoff 168/225, reboot 169/142, kexec_load 246/104, kexec_file_load 320/294,
        init_module 175/105, finit_module 313/273, delete_module 176/106, syslog 103/116,
        quotactl 179/60, quotactl_fd 443/443, sethostname 170/161, setdomainname 171/162,
        settimeofday 164/170, clock_settime 227/112, adjtimex 159/171, clock_adjtime 305/266,
        vhangup 153/58, lookup_dcookie 212/18, iopl 172/-, ioperm 173/-, modify_ldt 154/-,
        uselib 134/-, ustat 136/-, _sysctl 156/-
    """,
}

LOOKED_AT = """
    clone 56/220, clone3 435/435, socketpair 53/199, kill 62/129, tgkill 234/131, prlimit64 302/261,
    fcntl 72/25, ioctl 16/29, seccomp 317/277
"""
"""Allowed or refused by their arguments; see `seccomp.py`."""


def numbers(table: str, architecture: int) -> dict[str, int]:
    """Read a table above.

    Args:
        table: `name x86_64/aarch64, …`.
        architecture: 0 for x86_64, 1 for aarch64.

    Returns:
        The numbers by name, of the calls that the architecture has.
    """
    result = {}
    for entry in table.split(","):
        name, both = entry.split()
        number = both.split("/")[architecture]
        if number != "-":
            result[name] = int(number)
    return result
