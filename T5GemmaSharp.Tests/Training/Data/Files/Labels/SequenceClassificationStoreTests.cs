using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;

namespace T5GemmaSharp.Tests.Training.Data.Files.Labels;

public sealed class SequenceClassificationStoreTests
{
    private readonly DataFolder _folder = new();
    private readonly T5GemmaTokenizer _tokenizer = TinyTokenizer.Create();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Create_Names_GetIdsInOrdinalOrder()
    {
        using var store = Store(null, "\"b\"", "\"a\"", "\"B\"", "\"b\"");
        Assert.Multiple(() =>
        {
            Assert.That(store.Problem, Is.EqualTo(ProblemType.SingleLabelClassification));
            Assert.That(store.Labels!.Names, Is.EqualTo(new[] { "B", "a", "b" }));
            Assert.That(Classes(store), Is.EqualTo(new int[][] { [2], [1], [0], [2] }));
            Assert.That(store.LabelCounts, Is.EqualTo(new[] { 1, 1, 2 }));
        });
    }

    [Test]
    public void Create_Ids_AreKeptUpToTheGreatest()
    {
        using var store = Store(null, "3", "0", "3");
        Assert.Multiple(() =>
        {
            Assert.That(store.Labels!.Names, Is.EqualTo(new[] { "LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3" }));
            Assert.That(Classes(store), Is.EqualTo(new int[][] { [3], [0], [3] }));
            Assert.That(store.LabelCounts, Is.EqualTo(new[] { 1, 0, 0, 2 }));
        });
    }

    [Test]
    public void Create_GivenTable_TakesNamesAndIds()
    {
        using var store = Store(new LabelTable(["no", "yes", "maybe"]), "\"yes\"", "0");
        Assert.Multiple(() =>
        {
            Assert.That(Classes(store), Is.EqualTo(new int[][] { [1], [0] }));
            Assert.That(store.LabelCounts, Is.EqualTo(new[] { 1, 1, 0 }));
        });
    }

    [Test]
    public void Create_Lists_AreSeveralLabels()
    {
        using var store = Store(null, "[\"c\",\"a\",\"c\"]", "[]", "[\"b\"]");
        Assert.Multiple(() =>
        {
            Assert.That(store.Problem, Is.EqualTo(ProblemType.MultiLabelClassification));
            Assert.That(Classes(store), Is.EqualTo(new int[][] { [2, 0], [], [1] }));
            Assert.That(store.LabelCounts, Is.EqualTo(new[] { 1, 1, 1 }), "a class counts once a row");
        });
    }

    // Integers before and behind a fraction, one of them not a possible id.
    [TestCase("5", "0.25", "-3")]
    [TestCase("0.25", "5", "-3")]
    public void Create_Fractions_AreNumbersToBePredicted(params string[] labels)
    {
        using var store = Store(null, labels);
        Assert.Multiple(() =>
        {
            Assert.That((store.Problem, store.Labels, store.LabelCounts), Is.EqualTo((ProblemType.Regression, default(LabelTable), default(IReadOnlyList<long>))));
            Assert.That(Enumerable.Range(0, 3).Select(index => store[epoch: 0, index].Value), Is.EquivalentTo(new float?[] { 5, 0.25f, -3 }));
            Assert.That(store[epoch: 0, index: 2], Has.Property("Value").EqualTo(-3f).And.Property("Classes").Empty);
        });
    }

    [TestCase("\"a\"", "1", "label: expected a name as in the rows before, got 1")]
    [TestCase("1", "\"a\"", "label: expected an id as in the rows before, got a")]
    [TestCase("\"a\"", "1.5", "label: expected a class as in the rows before, got a number")]
    [TestCase("1.5", "\"a\"", "label: expected a number as in the rows before, got a class")]
    [TestCase("1", "[1]", "label: expected a class as in the rows before, got a list of classes")]
    [TestCase("[1]", "1.5", "label: expected a list of classes as in the rows before, got a number")]
    [TestCase("1", "-1", "label: expected an id from 0 to 99999, got -1; a number to be predicted has a point, as in -1.0")]
    [TestCase("1", "100000", "label: expected an id from 0 to 99999, got 100000; a number to be predicted has a point, as in 100000.0")]
    [TestCase("[\"a\"]", "[\"a\",0]", "label: expected a name as in the rows before, got 0")]
    public void Create_LabelsThatDoNotGoTogether_NamesTheLine(string first, string second, string problem)
        => Assert.That(() => Store(null, first, second), Throws.TypeOf<DataFormatException>().With.Message.EndsWith($"labels.jsonl: line 2: {problem}"));

    [TestCase("2", "label: expected an id from 0 to 1, got 2")]
    [TestCase("\"maybe\"", "label: expected one of no, yes, got maybe")]
    [TestCase("[0,2]", "label: expected an id from 0 to 1, got 2")]
    [TestCase("0.5", "label: expected a class, since the classes are given, got the number 0.5")]
    public void Create_OutsideOfAGivenTable_NamesTheLine(string label, string problem)
        => Assert.That(() => Store(new LabelTable(["no", "yes"]), label), Throws.TypeOf<DataFormatException>().With.Message.EndsWith($"labels.jsonl: line 1: {problem}"));

    [Test]
    public void Create_NoClassAtAll_NamesTheFile()
        => Assert.That(() => Store(null, "[]", "[]"), Throws.TypeOf<DataFormatException>().With.Message.EndsWith("labels.jsonl: label: expected at least one class, got none"));

    [Test]
    public void Create_AnotherNameInEveryRow_StopsBeforeTheMemoryIsFull()
        => Assert.That(
            () => Store(null, [.. Enumerable.Range(0, 100_001).Select(index => $"\"{index}\"")]),
            Throws.TypeOf<DataFormatException>().With.Message.EndsWith("line 100001: label: expected at most 100000 different names, got one more; is this key the label?"));

    [Test]
    public void Create_Pair_IsOneTextBehindTheOther()
    {
        var file = _folder.Write("pair.jsonl", """{"premise":"d","hypothesis":"s","label":1}""");
        using var store = SequenceClassificationStore.Create([file], _tokenizer);
        Assert.Multiple(() =>
        {
            Assert.That(store[epoch: 0, index: 0].InputIds, Is.EqualTo(TinyTokenizer.Ids("<bos>", "d", "<bos>", "s")));
            Assert.That(store.LengthOf(epoch: 0, index: 0), Is.EqualTo(new ExampleLength(4, 0)));
        });
    }

    [Test]
    public void Create_LongText_IsCut()
    {
        var file = _folder.Write("long.jsonl", """{"text":"dsd","label":1}""");
        using var store = SequenceClassificationStore.Create([file], _tokenizer, new DataFileOptions { MaxSourceLength = 2 });
        Assert.Multiple(() =>
        {
            Assert.That(store[epoch: 0, index: 0].InputIds, Is.EqualTo(TinyTokenizer.Ids("<bos>", "d")));
            Assert.That(store.Statistics.CutSources, Is.EqualTo(1));
        });
    }

    [Test]
    public void Fingerprint_OtherLabelsOrNames_Differs()
    {
        var fingerprints = new[] { Fingerprint(null, "0", "1"), Fingerprint(null, "1", "0"), Fingerprint(new LabelTable(["a", "b"]), "0", "1"), Fingerprint(null, "\"a\"", "\"b\""), Fingerprint(null, "\"a\"", "\"c\""), Fingerprint(null, "0.0", "1.0") };
        Assert.Multiple(() =>
        {
            // A table that says what the rows say is no difference.
            Assert.That(fingerprints[2], Is.EqualTo(fingerprints[3]));
            Assert.That(fingerprints.Distinct().Count(), Is.EqualTo(fingerprints.Length - 1));
        });

        string Fingerprint(LabelTable? table, params string[] labels)
        {
            using var store = Store(table, labels);
            return store.Fingerprint;
        }
    }

    [TestCase(ProblemType.Regression, "3", "0.5")]
    [TestCase(ProblemType.SingleLabelClassification, "3", "0")]
    [TestCase(ProblemType.MultiLabelClassification, "3", "[0,1]")]
    public void Create_GivenProblem_TakesLabelsThatSuitIt(ProblemType problem, params string[] labels)
    {
        using var store = Store(null, problem, labels);
        Assert.Multiple(() =>
        {
            Assert.That(store.Problem, Is.EqualTo(problem));
            Assert.That(store[epoch: 0, index: 0].Value, Is.EqualTo(problem == ProblemType.Regression ? 3f : null));
            Assert.That(Classes(store).First(), Is.EqualTo(problem == ProblemType.Regression ? [] : new[] { 3 }));
        });
    }

    [TestCase(ProblemType.Regression, "\"a\"", "expected a number, got the name a")]
    [TestCase(ProblemType.SingleLabelClassification, "0.5", "expected a class, got the number 0.5")]
    [TestCase(ProblemType.SingleLabelClassification, "[0]", "expected a class, got a list of classes")]
    [TestCase(ProblemType.MultiLabelClassification, "0.5", "expected a list of classes, got the number 0.5")]
    public void Create_LabelOfAnotherProblem_NamesTheLine(ProblemType problem, string label, string fault)
        => Assert.That(() => Store(null, problem, "0", label), Throws.TypeOf<DataFormatException>().With.Message.EndsWith($"labels.jsonl: line 2: label: {fault}"));

    private SequenceClassificationStore Store(LabelTable? table, params string[] labels) => Store(table, problem: null, labels);

    private SequenceClassificationStore Store(LabelTable? table, ProblemType? problem, params string[] labels)
        => SequenceClassificationStore.Create([_folder.Write("labels.jsonl", string.Join('\n', labels.Select(label => $$"""{"text":"d","label":{{label}}}""")))], _tokenizer, labels: table, problem: problem);

    private static IEnumerable<int[]> Classes(SequenceClassificationStore store) => Enumerable.Range(0, store.Count).Select(index => store[epoch: 0, index].Classes);
}
