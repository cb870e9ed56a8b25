using System.Numerics;

namespace AnnDataCache.Summaries;

/// <summary>Numbers of a column as float64, a run at a time. Missing ones are NaN.</summary>
internal abstract unsafe class NumberColumn(PinnedColumn column)
{
    internal long Rows => column.Rows;

    /// <param name="column">A column of numbers or bools, with any number of them in a row.</param>
    /// <param name="item">Which number of each row.</param>
    /// <exception cref="ElementException">Not numbers, or no such item.</exception>
    internal static NumberColumn Open(PinnedColumn column, long item = 0)
    {
        if (!IsNumeric(column) && !column.IsBitmap)
        {
            throw new ElementException(CacheError.ElementUnreadable, $"'{column.Name}' is a {column.Kind.Name()}; numbers are wanted.");
        }

        if (item < 0 || item >= column.Width)
        {
            throw new ElementException(
                CacheError.ElementNotFound, $"'{column.Name}' has {column.Width} numbers in a row; there is no number {item}.");
        }

        if (column.IsBitmap) { return new Bits(column); }
        Opening opening = new(column, item);
        return NumberTypes.Visit<Opening, NumberColumn>(column.Type, ref opening, column.Name);
    }

    internal static bool IsNumeric(PinnedColumn column) =>
        column is { Categories: null, IsBitmap: false, Kind: ElementKind.Dense or ElementKind.NullableInteger };

    /// <summary>Rows [first, first + numbers.Length).</summary>
    internal void Read(long first, Span<double> numbers)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, Rows - numbers.Length);
        Convert(first, numbers);
        if (!column.HasNulls) { return; }
        byte* validity = column.Validity.Address;
        for (int i = 0; i < numbers.Length; i++)
        {
            long row = first + i;
            if ((validity[row >> 3] & (1 << (int)(row & 7))) == 0) { numbers[i] = double.NaN; }
        }
    }

    protected abstract void Convert(long first, Span<double> numbers);

    private readonly struct Opening(PinnedColumn column, long item) : INumberVisitor<NumberColumn>
    {
        public NumberColumn Visit<T>() where T : unmanaged, INumberBase<T> => new Numbers<T>(column, item);
    }

    private sealed class Numbers<T>(PinnedColumn column, long item) : NumberColumn(column)
        where T : unmanaged, INumberBase<T>
    {
        private readonly T* _values = (T*)column.Values.Address + item;
        private readonly long _width = column.Width;

        protected override void Convert(long first, Span<double> numbers)
        {
            T* value = _values + (first * _width);
            for (int i = 0; i < numbers.Length; i++, value += _width) { numbers[i] = double.CreateTruncating(*value); }
        }
    }

    private sealed class Bits(PinnedColumn column) : NumberColumn(column)
    {
        private readonly byte* _bits = column.Values.Address;

        protected override void Convert(long first, Span<double> numbers)
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                long row = first + i;
                numbers[i] = (_bits[row >> 3] >> (int)(row & 7)) & 1;
            }
        }
    }
}
