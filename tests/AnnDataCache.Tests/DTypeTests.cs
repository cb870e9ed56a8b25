using System.Globalization;

namespace AnnDataCache.Tests;

/// <summary>Numbers keep every bit through their text.</summary>
public sealed class DTypeTests
{
    [Fact]
    public void TheTextOfEveryPowerOfTwoReadsBackAsItself()
    {
        for (int exponent = -1074; exponent < 1024; exponent++) // 2^-25 and 2^-958 are those that fail otherwise
        {
            double power = Math.ScaleB(1.0, exponent);
            Assert.Equal(power, double.Parse(DTypes.Text(power), CultureInfo.InvariantCulture));
            Assert.Equal(-power, double.Parse(DTypes.Text(-power), CultureInfo.InvariantCulture));
        }

        Assert.Equal("0.1", DTypes.Text(0.1));
    }

    [Fact]
    public void NamesAreNumpysAndLeadBackToTheType()
    {
        foreach (DType type in Enum.GetValues<DType>()) { Assert.Equal(type, DTypes.Parse(type.Name())); }
        Assert.Throws<FormatException>(() => DTypes.Parse("float31"));
    }
}
