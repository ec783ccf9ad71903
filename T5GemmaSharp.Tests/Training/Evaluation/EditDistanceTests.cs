using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation;

namespace T5GemmaSharp.Tests.Training.Evaluation;

public sealed class EditDistanceTests
{
    [TestCase("", "", 0)]
    [TestCase("", "abc", 3)]
    [TestCase("abc", "", 3)]
    [TestCase("kitten", "sitting", 3)]
    [TestCase("abc", "abc", 0)]
    [TestCase("ab", "ba", 2)]
    [TestCase("intention", "execution", 5)]
    public void Between_Texts_IsLevenshteins(string first, string second, int expected)
        => Assert.That(EditDistance.Between<char>([.. first], [.. second]), Is.EqualTo(expected));
}
