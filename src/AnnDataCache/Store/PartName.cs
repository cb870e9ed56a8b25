using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Store;

/// <summary>File name of a part: what it is, a dot, and which version of its source it was made of.</summary>
/// <remarks>
/// <c>base32(sha256(path \0 element \0 options))[..26] . base32(sha256(device, inode, size, mtime, ctime, format))[..13]</c>.
/// A changed source gives other names, so nothing is ever overwritten, and a name never lies (docs/sharing.md).
/// An object has no source: its path is empty, its options are <c>object</c>, and its version stands for the format alone,
/// so that it has one name for ever; what is overwritten is its part (ObjectNames.cs).
/// </remarks>
internal readonly record struct PartName
{
    private const int PrefixLength = 26, VersionLength = 13, HashLength = 12;
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    private static readonly SearchValues<char> s_digits = SearchValues.Create(Alphabet);
    private static readonly string s_objectVersion = ObjectVersion();

    // A hash costs as much as a system call. One source has many elements, and a thread asks for several of them in turn; a name that
    // was made to find a part is made once more, of what the part says of itself.
    [ThreadStatic] private static (FileStat Source, string Text)? s_lastVersion;
    [ThreadStatic] private static (string Source, string Element, string Options, string Text)? s_lastIdentity;

    private PartName(string value) => Value = value;

    internal string Value { get; }

    /// <summary>The part before the dot, the same for all versions of a source.</summary>
    internal ReadOnlySpan<char> Prefix => Value.AsSpan(0, PrefixLength);

    /// <summary>60 bits that stand for the name: a lock position, a slot of the board. The name is a hash already.</summary>
    internal long Hash => Number(Value.AsSpan(0, HashLength)) ^ Number(Value.AsSpan(PrefixLength + 1, HashLength));

    /// <summary>True for an object's part, as the name alone tells.</summary>
    internal bool IsObject => Value.AsSpan(PrefixLength + 1).SequenceEqual(s_objectVersion);

    internal static PartName ForObject(string name) =>
        new($"{Identity("", name, "object")}.{s_objectVersion}");

    internal static PartName For(string canonicalSource, string element, string options, in FileStat source)
    {
        return new PartName($"{Identity(canonicalSource, element, options)}.{VersionOf(source)}");
    }

    private static string VersionOf(in FileStat source)
    {
        if (s_lastVersion is { } last && last.Source == source) { return last.Text; }
        Span<byte> version = stackalloc byte[44];
        BinaryPrimitives.WriteUInt64LittleEndian(version, source.Device);
        BinaryPrimitives.WriteUInt64LittleEndian(version[8..], source.Inode);
        BinaryPrimitives.WriteInt64LittleEndian(version[16..], source.Size);
        BinaryPrimitives.WriteInt64LittleEndian(version[24..], source.ModifiedNs);
        BinaryPrimitives.WriteInt64LittleEndian(version[32..], source.ChangedNs);
        BinaryPrimitives.WriteInt32LittleEndian(version[40..], PartLayout.CurrentVersion);
        string text = Base32(Sha256.Hash(version), VersionLength);
        s_lastVersion = (source, text);
        return text;
    }

    /// <summary>True when the name stands for what a layout says that its part is: files that have changed places are found out.</summary>
    /// <remarks>Of which version of its source a part is, its layout does not say.</remarks>
    /// <param name="layout">Of the part that has the name.</param>
    /// <param name="owner">Who made the part: its name says so where others may not read the source.</param>
    internal bool StandsFor(PartLayout layout, uint owner)
    {
        string options = layout.Object is null ? layout.Derived ?? "" : "object";
        return Prefix.SequenceEqual(Identity(layout.Source, layout.Element, options))
            || Prefix.SequenceEqual(Identity(layout.Source, layout.Element, options.Length == 0 ? $"user {owner}" : $"{options} user {owner}"));
    }

    private static string Identity(string source, string element, string options)
    {
        if (s_lastIdentity is { } last && last.Element == element && last.Source == source && last.Options == options) { return last.Text; }
        string text = Base32(Sha256.Hash(Encoding.UTF8.GetBytes($"{source}\0{element}\0{options}")), PrefixLength);
        s_lastIdentity = (source, element, options, text);
        return text;
    }

    internal static bool TryParse(string value, out PartName name)
    {
        name = new PartName(value);
        return value.Length == PrefixLength + 1 + VersionLength && value[PrefixLength] == '.'
            && !value.AsSpan(0, PrefixLength).ContainsAnyExcept(s_digits)
            && !value.AsSpan(PrefixLength + 1).ContainsAnyExcept(s_digits);
    }

    private static string ObjectVersion()
    {
        Span<byte> version = stackalloc byte[10];
        "object"u8.CopyTo(version);
        BinaryPrimitives.WriteInt32LittleEndian(version[6..], PartLayout.CurrentVersion);
        return Base32(Sha256.Hash(version), VersionLength);
    }

    private static long Number(ReadOnlySpan<char> digits)
    {
        long number = 0;
        foreach (char digit in digits) { number = (number << 5) | (long)(digit >= 'a' ? digit - 'a' : digit - '2' + 26); }
        return number;
    }

    private static string Base32(ReadOnlySpan<byte> bytes, int length)
    {
        Span<char> text = stackalloc char[length];
        for (int i = 0; i < length; i++)
        {
            int bit = 5 * i;
            int pair = (bytes[bit / 8] << 8) | (bit / 8 + 1 < bytes.Length ? bytes[(bit / 8) + 1] : 0);
            text[i] = Alphabet[(pair >> (11 - (bit % 8))) & 31];
        }

        return new string(text);
    }
}

internal enum TierKind
{
    Hot,
    Cold,
}
