using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli.Checksum;

/// <summary>Count, extremes and sum of numbers: a second opinion beside the hash, and one that people can read.</summary>
internal sealed class NumberSummary
{
    private readonly bool _isFloat;
    private long _count, _finite, _nans, _infinities;
    private Int128 _wholeSum;
    private double _sum, _min = double.PositiveInfinity, _max = double.NegativeInfinity;
    private Int128 _wholeMin = Int128.MaxValue, _wholeMax = Int128.MinValue;

    private NumberSummary(bool isFloat) => _isFloat = isFloat;

    /// <summary>Null for complex numbers, which have no order.</summary>
    internal static NumberSummary? Of(PinnedColumn column, CancellationToken cancellation)
    {
        if (column.Type is DType.Complex64 or DType.Complex128) { return null; }
        NumberSummary summary = new(column.Type is DType.Float16 or DType.Float32 or DType.Float64);
        ColumnBlocks.Read(column, (_, bytes) => summary.Add(column.Type, bytes), cancellation);
        return summary;
    }

    /// <summary>Of the values of a sparse matrix.</summary>
    internal static NumberSummary? Of(PinnedBuffer values, CancellationToken cancellation)
    {
        if (values.Type is DType.Complex64 or DType.Complex128) { return null; }
        NumberSummary summary = new(values.Type is DType.Float16 or DType.Float32 or DType.Float64);
        ColumnBlocks.Read(values, bytes => summary.Add(values.Type, bytes), cancellation);
        return summary;
    }

    internal void Write(Utf8JsonWriter writer)
    {
        if (_count == 0) { return; } // what is empty has no statistics
        if (_isFloat)
        {
            writer.WriteNumber("nan_count", _nans);
            writer.WriteNumber("inf_count", _infinities);
        }

        if (_finite == 0) { return; }
        if (_isFloat)
        {
            writer.WritePropertyName("sum");
            writer.WriteNumber(_sum);
            writer.WritePropertyName("min");
            writer.WriteNumber(_min);
            writer.WritePropertyName("max");
            writer.WriteNumber(_max);
            return;
        }

        WriteWhole(writer, "sum", _wholeSum);
        WriteWhole(writer, "min", _wholeMin);
        WriteWhole(writer, "max", _wholeMax);
    }

    private static void WriteWhole(Utf8JsonWriter writer, string name, Int128 value)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(value.ToString(null, null));
    }

    private void Add(DType type, ReadOnlySpan<byte> bytes)
    {
        switch (type)
        {
            case DType.Bool or DType.UInt8: AddWhole(bytes); break;
            case DType.Int8: AddWhole(MemoryMarshal.Cast<byte, sbyte>(bytes)); break;
            case DType.Int16: AddWhole(MemoryMarshal.Cast<byte, short>(bytes)); break;
            case DType.UInt16: AddWhole(MemoryMarshal.Cast<byte, ushort>(bytes)); break;
            case DType.Int32: AddWhole(MemoryMarshal.Cast<byte, int>(bytes)); break;
            case DType.UInt32: AddWhole(MemoryMarshal.Cast<byte, uint>(bytes)); break;
            case DType.Int64: AddWhole(MemoryMarshal.Cast<byte, long>(bytes)); break;
            case DType.UInt64: AddWhole(MemoryMarshal.Cast<byte, ulong>(bytes)); break;
            case DType.Float16: AddFloats(MemoryMarshal.Cast<byte, Half>(bytes)); break;
            case DType.Float32: AddFloats(MemoryMarshal.Cast<byte, float>(bytes)); break;
            default: AddFloats(MemoryMarshal.Cast<byte, double>(bytes)); break;
        }
    }

    private void AddWhole<T>(ReadOnlySpan<T> values) where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (values.IsEmpty) { return; }
        T min = T.MaxValue, max = T.MinValue;
        Int128 sum = 0;
        foreach (T value in values)
        {
            if (value < min) { min = value; }
            if (value > max) { max = value; }
            sum += Int128.CreateTruncating(value);
        }

        _wholeSum += sum;
        _wholeMin = Int128.Min(_wholeMin, Int128.CreateTruncating(min));
        _wholeMax = Int128.Max(_wholeMax, Int128.CreateTruncating(max));
        _finite = _count += values.Length;
    }

    private void AddFloats<T>(ReadOnlySpan<T> values) where T : unmanaged, IFloatingPointIeee754<T>
    {
        double sum = 0; // blocks are summed apart, which keeps the error of long arrays small
        foreach (T value in values)
        {
            if (T.IsNaN(value)) { _nans++; continue; }
            if (T.IsInfinity(value)) { _infinities++; continue; }
            double number = double.CreateTruncating(value);
            sum += number;
            _min = Math.Min(_min, number);
            _max = Math.Max(_max, number);
            _finite++;
        }

        _sum += sum;
        _count += values.Length;
    }
}
