using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>Who may use a tier's folder, and by which modes that shows. Private to a user, or shared by a group's members.</summary>
/// <param name="Group">Number of the group that shares the folder; null for a private one.</param>
internal sealed record FolderAccess(uint? Group)
{
    private const uint OwnerOnly = 0x1C0, OwnerLock = 0x180, OwnerPart = 0x100; // 0700, 0600, 0400
    private const uint GroupFolder = 0x5F8, GroupLock = 0x1B0, GroupPart = 0x120; // 02770, 0660, 0440
    private const uint OthersMayWrite = 0x2, GroupMayWrite = 0x10, OthersMayRead = 0x4, GroupMayRead = 0x20, OwnerMayWrite = 0x80;

    internal static FolderAccess Private { get; } = new((uint?)null);

    internal uint FolderMode => Group is null ? OwnerOnly : GroupFolder;

    internal uint LockMode => Group is null ? OwnerLock : GroupLock;

    internal uint PartModeOf(in FileStat source) => Group is null || !MayShare(source) ? OwnerPart : GroupPart;

    /// <summary>The mode of a temporary that will be a part of this mode.</summary>
    internal static uint FillModeOf(uint part) => part | OwnerMayWrite;

    /// <summary>True when a file is no part, or not yet: a part is writable by nobody.</summary>
    internal static bool IsBeingFilled(in FileStat stat) => (stat.Permissions & OwnerMayWrite) != 0;

    /// <summary>True when the folder's users may all read what is decoded of this source: nobody gains by the cache what the file denies.</summary>
    internal bool MayShare(in FileStat source) => Group is not { } group
        || (source.Permissions & OthersMayRead) != 0
        || (source.GroupId == group && (source.Permissions & GroupMayRead) != 0);

    /// <summary>Gives what this process has just made its mode, whatever the umask, and its group.</summary>
    internal void Apply(FileDescriptor file, uint mode)
    {
        if (Group is not { } group) { return; }
        FileStat stat = FileStat.Of(file);
        if (stat.UserId != Posix.EffectiveUserId()) { return; } // somebody else's: it has its mode already
        if (stat.GroupId != group && Posix.FChown(file.Value, uint.MaxValue, group) != 0) { throw PosixException.Last($"Cannot give a file to group {group}"); }
        if (stat.Permissions != mode && Posix.FChmod(file.Value, mode) != 0) { throw PosixException.Last("Cannot set a file's mode"); }
    }

    /// <summary>Why a folder cannot be trusted, or null.</summary>
    internal string? FindFolderFault(in FileStat stat) => Group is { } group
        ? stat.GroupId == group && (stat.Permissions & OthersMayWrite) == 0
            ? null
            : $"belongs to group {stat.GroupId} with mode {Convert.ToString(stat.Permissions, 8)}; it must belong to group {group} and be writable by nobody else"
        : stat.UserId == Posix.EffectiveUserId() && (stat.Permissions & (OthersMayWrite | GroupMayWrite)) == 0
            ? null
            : $"belongs to user {stat.UserId} with mode {Convert.ToString(stat.Permissions, 8)}; it must belong to user {Posix.EffectiveUserId()} and be writable by nobody else";

    /// <summary>Why a file in the folder is not a part of ours, or null.</summary>
    internal string? FindFault(in FileStat stat) =>
        !stat.IsRegularFile ? "it is not a regular file"
        : Group is null && stat.UserId != Posix.EffectiveUserId() ? $"it belongs to user {stat.UserId}"
        : Group is { } group && stat.UserId != Posix.EffectiveUserId() && stat.GroupId != group ? $"it belongs to group {stat.GroupId}"
        : (stat.Permissions & (OthersMayWrite | GroupMayWrite)) != 0 ? $"others may write it (mode {Convert.ToString(stat.Permissions, 8)})"
        : null;

    /// <summary>True when the control file is one that this process may share.</summary>
    internal bool Trusts(in FileStat control) => control.IsRegularFile
        && (Group is { } group ? control.GroupId == group : control.UserId == Posix.EffectiveUserId());
}
