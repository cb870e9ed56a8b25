using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>One column of a CSV file: what type it is by <c>pandas.read_csv</c>'s rules, then its values block by block.</summary>
/// <remarks>
/// Integers are int64, or uint64 where one needs it; with missing ones, float64 and NaN; beyond both, text. Numbers are read exactly
/// (pandas does so with <c>float_precision="round_trip"</c>). Bools and text keep their missing values: pandas makes objects of
/// such bools, and of the missing ones beside integers beyond int64 it makes text.
/// </remarks>
internal sealed class CsvColumn(string name)
{
    private const int MaxTextBlock = 1 << 20;

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> s_missing = new HashSet<string>(StringComparer.Ordinal)
    {
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null",
    }.GetAlternateLookup<ReadOnlySpan<char>>();

    private bool _maybeInteger = true, _maybeFloat = true, _maybeBool = true, _overflows, _needsUnsigned, _hasNegative, _ascii = true;
    private long _rows, _missing, _textBytes;
    private long _written, _textWritten; // rows and bytes of text that were handed to the target
    private int _count, _textCount; // of the current block
    private long[] _values = [];
    private byte[] _text = [], _present = [];

    private enum Type
    {
        Signed,
        Unsigned,
        Float,
        Bool,
        Text,
    }

    internal string Name { get; } = name;

    /// <summary>Set when all rows were looked at.</summary>
    internal ColumnLayout Layout { get; private set; } = null!;

    private Type Kind { get; set; }

    /// <summary>First reading: what can this column be?</summary>
    internal void Look(ReadOnlySpan<byte> field)
    {
        _rows++;
        if (IsMissing(field))
        {
            _missing++;
            return;
        }

        _textBytes += field.Length;
        _ascii = _ascii && System.Text.Ascii.IsValid(field);
        if (_maybeInteger) { LookAtInteger(field); }
        if (!_maybeInteger && _maybeFloat) { _maybeFloat = TryFloat(field, out _); }
        if (_maybeBool) { _maybeBool = TryBool(field, out _); }
    }

    /// <exception cref="OverflowException">It has more bytes than 2^63.</exception>
    internal void Decide(int blockRows)
    {
        Kind = _rows == 0 ? Type.Text : Decide();
        bool isText = Kind == Type.Text, isBitmap = Kind == Type.Bool, hasValidity = _missing > 0 && (isText || isBitmap);
        Layout = new ColumnLayout
        {
            Name = Name,
            Kind = isText ? ColumnKind.String : isBitmap ? ColumnKind.Bool : ColumnKind.Number,
            Type = Kind switch { Type.Signed => DType.Int64, Type.Unsigned => DType.UInt64, Type.Float => DType.Float64, _ => DType.Bool },
            Rows = _rows,
            NullCount = hasValidity ? _missing : 0,
            Ascii = isText && _ascii,
            Offsets = new BufferRange(0, isText ? checked((_rows + 1) * sizeof(long)) : 0),
            Values = new BufferRange(0, isText ? _textBytes : isBitmap ? ValidityBitmap.Bytes(_rows) : checked(_rows * sizeof(long))),
            Validity = new BufferRange(0, hasValidity ? ValidityBitmap.Bytes(_rows) : 0),
        };
        _values = new long[blockRows];
        _present = hasValidity ? new byte[blockRows / 8] : [];
    }

    private Type Decide()
    {
        bool allMissing = _missing == _rows;
        if (allMissing) { return Type.Float; }
        if (_maybeInteger)
        {
            if (_overflows || (_needsUnsigned && _hasNegative)) { return Type.Text; }
            return _missing > 0 ? Type.Float : _needsUnsigned ? Type.Unsigned : Type.Signed;
        }

        return _maybeFloat ? Type.Float : _maybeBool ? Type.Bool : Type.Text;
    }

    /// <summary>Begins a second reading: one before may have failed midway.</summary>
    internal void Start()
    {
        (_written, _textWritten, _count, _textCount) = (0, 0, 0, 0);
        _present.AsSpan().Clear();
    }

    /// <summary>Second reading: keeps the value until the block is full.</summary>
    /// <exception cref="SourceReadException">The file gives other values than before.</exception>
    internal void Add(ReadOnlySpan<byte> field, ByteTarget target)
    {
        bool missing = IsMissing(field);
        if (_written + _count == Layout.Rows) { throw new SourceRewrittenException(); }
        if (_present.Length > 0 && !missing) { _present[_count >> 3] |= (byte)(1 << (_count & 7)); }
        _values[_count] = missing ? MissingValue : ValueOf(field);
        if (Kind == Type.Text && !missing) { AddText(field, target); }
        if (Kind == Type.Text) { _values[_count] = _textWritten + _textCount; }
        if (++_count == _values.Length) { Flush(target); }
    }

    /// <summary>Writes what is kept.</summary>
    internal void Flush(ByteTarget target)
    {
        FlushText(target);
        if (_count == 0) { return; }
        if (_present.Length > 0) { target.Write(Layout.Validity.Offset + (_written / 8), _present.AsSpan(0, (_count + 7) / 8)); }
        ReadOnlySpan<long> values = _values.AsSpan(0, _count);
        if (Kind == Type.Bool) { target.Write(Layout.Values.Offset + (_written / 8), Pack(values)); }
        else
        {
            long start = Kind == Type.Text ? Layout.Offsets.Offset + ((_written + 1) * sizeof(long)) : Layout.Values.Offset + (_written * sizeof(long));
            target.Write(start, MemoryMarshal.AsBytes(values));
        }

        _written += _count;
        _count = 0;
        _present.AsSpan().Clear();
    }

    /// <summary>Writes the rest, and compares with what was looked at.</summary>
    internal void Finish(ByteTarget target)
    {
        Flush(target);
        if (Kind == Type.Text) { target.Write(Layout.Offsets.Offset, stackalloc byte[sizeof(long)]); }
        if (_written != Layout.Rows || (Kind == Type.Text && _textWritten != Layout.Values.Length)) { throw new SourceRewrittenException(); }
    }

    private long MissingValue => Kind == Type.Float ? BitConverter.DoubleToInt64Bits(double.NaN) : 0;

    private long ValueOf(ReadOnlySpan<byte> field)
    {
        switch (Kind)
        {
            case Type.Signed when long.TryParse(field, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number): return number;
            case Type.Unsigned when ulong.TryParse(field, NumberStyles.Integer, CultureInfo.InvariantCulture, out ulong number): return (long)number;
            case Type.Float when TryFloat(field, out double number): return BitConverter.DoubleToInt64Bits(number);
            case Type.Bool when TryBool(field, out bool value): return value ? 1 : 0;
            case Type.Text: return 0;
            default: throw new SourceRewrittenException();
        }
    }

    private void AddText(ReadOnlySpan<byte> field, ByteTarget target)
    {
        if (!Utf8.IsValid(field)) { throw new CsvException(_written + _count + 2, $"has text in column '{Name}' that is not UTF-8"); }
        if (field.Length > Layout.Values.Length - _textWritten - _textCount) { throw new SourceRewrittenException(); }
        if (_textCount + field.Length > MaxTextBlock) { FlushText(target); }
        if (_textCount + field.Length > _text.Length) { Array.Resize(ref _text, Math.Max(2 * _text.Length, _textCount + field.Length)); }
        field.CopyTo(_text.AsSpan(_textCount));
        _textCount += field.Length;
    }

    private void FlushText(ByteTarget target)
    {
        target.Write(Layout.Values.Offset + (Kind == Type.Text ? _textWritten : 0), _text.AsSpan(0, _textCount));
        _textWritten += _textCount;
        _textCount = 0;
    }

    private static byte[] Pack(ReadOnlySpan<long> bools)
    {
        byte[] packed = new byte[(bools.Length + 7) / 8];
        for (int i = 0; i < bools.Length; i++) { packed[i >> 3] |= (byte)(bools[i] << (i & 7)); }
        return packed;
    }

    private void LookAtInteger(ReadOnlySpan<byte> field)
    {
        ReadOnlySpan<byte> digits = field.Trim(" \t"u8);
        bool negative = digits is [(byte)'-', ..];
        if (digits is [(byte)'-' or (byte)'+', ..]) { digits = digits[1..]; }
        _maybeInteger = !digits.IsEmpty && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9');
        if (!_maybeInteger)
        {
            // What was an integer until now is a number as well, unless it was beyond them: then pandas keeps text.
            _maybeFloat = !_overflows;
            return;
        }

        _hasNegative |= negative;
        if (long.TryParse(field, NumberStyles.Integer, CultureInfo.InvariantCulture, out _)) { return; }
        _needsUnsigned = true;
        _overflows |= negative || !ulong.TryParse(field, NumberStyles.Integer, CultureInfo.InvariantCulture, out _);
    }

    private static bool TryFloat(ReadOnlySpan<byte> field, out double number)
    {
        ReadOnlySpan<byte> text = field.Trim(" \t"u8), word = text is [(byte)'-' or (byte)'+', ..] ? text[1..] : text;
        if (word is [>= (byte)'0' and <= (byte)'9' or (byte)'.', ..])
        {
            return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number)
                && double.IsFinite(number);
        }

        bool isInfinite = System.Text.Ascii.EqualsIgnoreCase(word, "inf"u8) || System.Text.Ascii.EqualsIgnoreCase(word, "infinity"u8);
        number = text is [(byte)'-', ..] ? double.NegativeInfinity : double.PositiveInfinity;
        return isInfinite;
    }

    private static bool TryBool(ReadOnlySpan<byte> field, out bool value)
    {
        value = field.SequenceEqual("True"u8) || field.SequenceEqual("TRUE"u8) || field.SequenceEqual("true"u8);
        return value || field.SequenceEqual("False"u8) || field.SequenceEqual("FALSE"u8) || field.SequenceEqual("false"u8);
    }

    private static bool IsMissing(ReadOnlySpan<byte> field)
    {
        const int Longest = 8;
        if (field.Length > Longest) { return false; }
        Span<char> text = stackalloc char[Longest];
        for (int i = 0; i < field.Length; i++) { text[i] = (char)field[i]; }
        return s_missing.Contains(text[..field.Length]);
    }
}

/// <summary>The second reading of a file gave other values than the first.</summary>
internal sealed class SourceRewrittenException : Exception;
