using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Store;

/// <summary>Room for one part, and the bytes that fill it. Seal it, or dispose it: then nothing is left of it.</summary>
internal sealed class PartReservation : IDisposable
{
    private readonly Tier _tier;
    private readonly FileDescriptor _file;
    private readonly PartTarget _target;
    private readonly uint _mode;
    private bool _sealed;

    /// <param name="tier">Where it is.</param>
    /// <param name="name">The part's.</param>
    /// <param name="temporaryName">Its own.</param>
    /// <param name="file">Locked as a sign of life.</param>
    /// <param name="length">Of the part.</param>
    /// <param name="mode">Of the part.</param>
    /// <param name="isNew">False for a file that has the pages of an evicted part (S7).</param>
    internal PartReservation(Tier tier, PartName name, string temporaryName, FileDescriptor file, long length, uint mode, bool isNew)
    {
        (_tier, Name, TemporaryName, _file, Length, _mode) = (tier, name, temporaryName, file, length, mode);
        _target = new PartTarget(file, length, tier.Folder, isNew);
    }

    internal PartName Name { get; }

    internal string TemporaryName { get; }

    /// <summary>Bytes of the finished part.</summary>
    internal long Length { get; }

    internal TierKind Tier => _tier.Kind;

    /// <summary>What loading it has cost, in seconds: parts that cost more stay longer.</summary>
    internal double Cost { get; set; } = 1;

    /// <summary>The part that it is derived from; null when it is decoded from a source.</summary>
    internal PartName? MadeOf { get; set; }

    /// <summary>True when the bytes come from the other tier: then this is no load.</summary>
    internal bool IsCopy { get; set; }

    /// <summary>The hash of all bytes, where whoever writes them knows it.</summary>
    internal UInt128? Hash { get; set; }

    /// <summary>Where the bytes go; disjoint ranges may be written by several threads.</summary>
    internal ByteTarget Target => _target;

    /// <summary>Makes the part visible to all processes and pins it. Nothing may be written afterwards.</summary>
    internal PartPin Seal()
    {
        Finish();
        PartPin pin = _tier.Seal(this);
        _sealed = true;
        return pin;
    }

    /// <summary>Path of the part that it becomes.</summary>
    internal string Path => $"{_tier.Folder.Path}/parts/{Name.Value}";

    /// <summary>The bytes that were written so far. Of a full tmpfs, what was not written must not be touched.</summary>
    internal MappedFile MapFilled() => MappedFile.Map(_file, Length);

    /// <summary>The bytes that were written, to be checked before they are sealed.</summary>
    /// <exception cref="PartException">Their structure is not that of a part.</exception>
    internal PartView Review() => PartView.Open(_file, Length);

    /// <summary>Makes an object's part visible under its name, in place of the one that has it.</summary>
    /// <returns>True when there was one.</returns>
    internal bool Seal(ObjectNames names, bool overwrite)
    {
        Finish();
        return names.Seal(this, overwrite, named: () => _sealed = true);
    }

    /// <summary>No writable mapping outlives the seal (S1), and the file looks like a part only now that it is whole (S7).</summary>
    private void Finish()
    {
        _target.Close();
        bool isCold = Tier == TierKind.Cold;
        if (isCold) { Hash ??= PartHash.Of(_file, Length); }
        PartHash.Record(_file, Hash); // which its last mode forbids
        if (Posix.FChmod(_file.Value, _mode) != 0) { throw PosixException.Last($"Cannot set the mode of part '{Name.Value}'"); }
        if (isCold && Posix.FDataSync(_file.Value) != 0) { throw PosixException.Last("Cannot flush a part to the disk"); }
    }

    public void Dispose()
    {
        _target.Close();
        if (!_sealed) { _tier.Abandon(this); }
        _file.Dispose();
    }
}
