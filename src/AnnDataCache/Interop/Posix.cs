using System.Runtime.InteropServices;

namespace AnnDataCache.Interop;

// The only P/Invoke of the project. .NET's own file classes do not do here: SafeFileHandle calls flock(LOCK_UN) when
// it is disposed, which drops the pin of every process that inherited the description; File.Move checks and then
// renames; FileShare takes an advisory lock that makes an HDF5 writer fail. docs/sharing.md has the whole list.
internal static unsafe partial class Posix
{
    private const string Libc = "libc";

    internal const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2;
    internal const int Create = 0x40, Exclusive = 0x80, NonBlock = 0x800, CloseOnExec = 0x80000;
    internal const int PathOnly = 0x200000;
    internal static readonly int Directory = IsArm ? 0x4000 : 0x10000, NoFollow = IsArm ? 0x8000 : 0x20000;

    internal const int ProtNone = 0, ProtRead = 1, ProtWrite = 2, MapShared = 1, MapPrivate = 2, MapAnonymous = 0x20;
    internal const int LockShared = 1, LockExclusive = 2, LockNonBlocking = 4;
    internal const int AtCurrentFolder = -100, AtEmptyPath = 0x1000, AtSymlinkNoFollow = 0x100, AtRemoveDir = 0x200;
    internal const int DontFork = 10, HugePage = 14, DontDump = 16, PopulateRead = 22, PopulateWrite = 23;
    internal const uint RenameNoReplace = 1, RenameExchange = 2;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    [LibraryImport(Libc, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenAt(int folder, string name, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport(Libc, EntryPoint = "pread", SetLastError = true)]
    internal static partial nint PRead(int descriptor, byte* buffer, nuint count, long offset);

    [LibraryImport(Libc, EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint PWrite(int descriptor, byte* buffer, nuint count, long offset);

    [LibraryImport(Libc, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int StatX(int folder, string path, int flags, uint mask, StatXBuffer* buffer);

    [LibraryImport(Libc, EntryPoint = "statx", SetLastError = true)]
    internal static partial int StatX(int folder, byte* path, int flags, uint mask, StatXBuffer* buffer);

    [LibraryImport(Libc, EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int StatFs(string path, StatFsBuffer* buffer);

    [LibraryImport(Libc, EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint MMap(nint address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport(Libc, EntryPoint = "munmap", SetLastError = true)]
    internal static partial int MUnmap(nint address, nuint length);

    [LibraryImport(Libc, EntryPoint = "madvise", SetLastError = true)]
    internal static partial int MAdvise(nint address, nuint length, int advice);

    [LibraryImport(Libc, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoCtl(int descriptor, nuint request, void* argument);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint argument);

    /// <summary>A descriptor for page faults of this process, which the C library has no function for.</summary>
    internal static int UserFault(int flags) => (int)SystemCall(IsArm ? 282 : 323, flags);

    [LibraryImport(Libc, EntryPoint = "flock", SetLastError = true)]
    internal static partial int FLock(int descriptor, int operation);

    [LibraryImport(Libc, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int FTruncate(int descriptor, long length);

    [LibraryImport(Libc, EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int FAllocate(int descriptor, int mode, long offset, long length);

    [LibraryImport(Libc, EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int FDataSync(int descriptor);

    [LibraryImport(Libc, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int FSync(int descriptor);

    [LibraryImport(Libc, EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int FChmod(int descriptor, uint mode);

    [LibraryImport(Libc, EntryPoint = "fchown", SetLastError = true)]
    internal static partial int FChown(int descriptor, uint user, uint group);

    [LibraryImport(Libc, EntryPoint = "fsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int FSetXAttr(int descriptor, string name, byte* value, nuint size, int flags);

    [LibraryImport(Libc, EntryPoint = "fgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint FGetXAttr(int descriptor, string name, byte* value, nuint size);

    [LibraryImport(Libc, EntryPoint = "fremovexattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int FRemoveXAttr(int descriptor, string name);

    [LibraryImport(Libc, EntryPoint = "getgrnam", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GroupByName(string name);

    /// <summary>The number of a group by its name or number; null when there is none.</summary>
    internal static uint? FindGroup(string name)
    {
        if (uint.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out uint number)) { return number; }
        nint entry = GroupByName(name); // struct group: name, password, then the number
        return entry == 0 ? null : *(uint*)(entry + (2 * sizeof(nint)));
    }

    [LibraryImport(Libc, EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MkDir(string path, uint mode);

    [LibraryImport(Libc, EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MkDirAt(int folder, string name, uint mode);

    [LibraryImport(Libc, EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int UnlinkAt(int folder, string name, int flags);

    [LibraryImport(Libc, EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RenameAt2(int oldFolder, string oldName, int newFolder, string newName, uint flags);

    [LibraryImport(Libc, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int FCntl(int descriptor, int command, FileRangeLock* range);

    [LibraryImport(Libc, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int FCntl(int descriptor, int command, nint argument);

    [LibraryImport(Libc, EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint resolved);

    [LibraryImport(Libc, EntryPoint = "free")]
    private static partial void Free(nint address);

    /// <summary>The absolute path without links and dots: the same for every process that names the file.</summary>
    /// <exception cref="PosixException">No such file, or no permission on the way.</exception>
    internal static string CanonicalPath(string path)
    {
        nint resolved = RealPath(path, 0);
        if (resolved == 0) { throw PosixException.Last($"Cannot resolve '{path}'"); }
        string canonical = Marshal.PtrToStringUTF8(resolved)!;
        Free(resolved);
        return canonical;
    }

    [LibraryImport(Libc, EntryPoint = "geteuid")]
    internal static partial uint EffectiveUserId();

    /// <summary>Bytes 0–255 of the kernel's <c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatXBuffer
    {
        [FieldOffset(0)] internal uint Mask;
        [FieldOffset(16)] internal uint LinkCount;
        [FieldOffset(20)] internal uint UserId;
        [FieldOffset(24)] internal uint GroupId;
        [FieldOffset(28)] internal ushort Mode;
        [FieldOffset(32)] internal ulong Inode;
        [FieldOffset(40)] internal ulong Size;
        [FieldOffset(48)] internal ulong Blocks;
        [FieldOffset(96)] internal long ChangeSeconds;
        [FieldOffset(104)] internal uint ChangeNanoseconds;
        [FieldOffset(112)] internal long ModifySeconds;
        [FieldOffset(120)] internal uint ModifyNanoseconds;
        [FieldOffset(136)] internal uint DeviceMajor;
        [FieldOffset(140)] internal uint DeviceMinor;
    }

    /// <summary>The kernel's <c>struct statfs</c> on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 120)]
    internal struct StatFsBuffer
    {
        [FieldOffset(0)] internal long Type;
        [FieldOffset(8)] internal long BlockSize;
        [FieldOffset(16)] internal long Blocks;
        [FieldOffset(32)] internal long Available;
    }

    /// <summary>The kernel's <c>struct flock</c> on 64-bit Linux, for open-file-description locks.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileRangeLock
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int ProcessId;
    }
}
