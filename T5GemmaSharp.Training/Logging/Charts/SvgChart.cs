using System.Globalization;
using System.Security;
using System.Text;

namespace T5GemmaSharp.Training.Logging.Charts;

/// <summary>Draws a chart: title, legend, axes with ticks, lines.</summary>
internal static class SvgChart
{
    /// <summary>Width with all margins.</summary>
    public const int Width = 480;

    /// <summary>Height with all margins.</summary>
    public const int Height = 280;

    private const int Left = 64;
    private const int Right = Width - 20;
    private const int Top = 56;
    private const int Bottom = Height - 44;
    private const int Colors = 8;
    private const int MostPoints = 1000; // more than a chart has columns of pixels

    public static void Write(StringBuilder svg, Chart chart, int left, int top)
    {
        var legend = new Legend(chart.Lines);
        var plotTop = Top + legend.MoreHeight;
        var points = chart.Lines.SelectMany(line => line.Points).ToList();
        var (x, y) = (ChartAxis.ForSteps(points.Max(point => point.X)), ChartAxis.ForValues([.. points.Select(point => point.Y)], chart.IsEven));
        Append(svg, $"""<g transform="translate({left} {top})">""");
        Append(svg, $"""<text class="title" x="{Left}" y="24">{SecurityElement.Escape(chart.Title)}</text>""");
        foreach (var tick in y.Ticks)
        {
            var height = Bottom - (y.Place(tick) * (Bottom - plotTop));
            Append(svg, $"""<line class="grid" x1="{Left}" x2="{Right}" y1="{height:0.#}" y2="{height:0.#}"/><text x="{Left - 8}" y="{height + 4:0.#}" text-anchor="end">{ChartAxis.Label(tick)}</text>""");
        }

        foreach (var tick in x.Ticks)
        {
            var place = Left + (x.Place(tick) * (Right - Left));
            Append(svg, $"""<line class="axis" x1="{place:0.#}" x2="{place:0.#}" y1="{Bottom}" y2="{Bottom + 5}"/><text x="{place:0.#}" y="{Bottom + 19}" text-anchor="middle">{ChartAxis.Label(tick)}</text>""");
        }

        Append(svg, $"""<path class="axis" fill="none" d="M{Left} {plotTop}V{Bottom}H{Right}"/><text x="{(Left + Right) / 2}" y="{Bottom + 36}" text-anchor="middle">step</text>""");
        legend.Write(svg);
        for (var index = 0; index < chart.Lines.Count; index++)
            WriteLine(svg, chart.Lines[index].Points, index % Colors, plotTop, x, y);
        svg.Append("</g>\n");
    }

    private static void WriteLine(StringBuilder svg, IReadOnlyList<(double X, double Y)> points, int color, int plotTop, ChartAxis x, ChartAxis y)
    {
        var every = (points.Count + MostPoints - 1) / MostPoints;
        var drawn = points.Where((_, index) => index % every == 0 || index == points.Count - 1)
            .Select(point => (X: Left + (x.Place(point.X) * (Right - Left)), Y: Bottom - (y.Place(point.Y) * (Bottom - plotTop)))).ToList();
        var path = string.Join('L', drawn.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.#} {point.Y:0.#}")));
        if (drawn.Count == 1) // a line of one point cannot be seen
            Append(svg, $"""<circle class="line s{color}" cx="{drawn[0].X:0.#}" cy="{drawn[0].Y:0.#}" r="3"/>""");
        else
            Append(svg, $"""<path class="line s{color}" d="M{path}"/>""");
    }

    private static void Append(StringBuilder svg, FormattableString element) => svg.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');

    /// <summary>Names of the lines below the title, in columns; a single line needs none.</summary>
    private sealed class Legend(IReadOnlyList<ChartLine> lines)
    {
        private const int Sample = 18;
        private const int Gap = 6;
        private const int CharacterWidth = 7;
        private const int RowHeight = 16;
        private const int FirstRow = 40;

        private readonly int _columnWidth = Sample + (3 * Gap) + (lines.Max(line => line.Name.Length) * CharacterWidth);

        /// <summary>Height of the rows after the first.</summary>
        public int MoreHeight => (lines.Count - 1) / Columns * RowHeight;

        private int Columns => Math.Max(1, (Right - Left) / _columnWidth);

        public void Write(StringBuilder svg)
        {
            for (var index = 0; index < lines.Count && lines.Count > 1; index++)
            {
                var (place, height) = (Left + (index % Columns * _columnWidth), FirstRow + (index / Columns * RowHeight));
                Append(svg, $"""<line class="line s{index % Colors}" x1="{place}" x2="{place + Sample}" y1="{height}" y2="{height}"/><text x="{place + Sample + Gap}" y="{height + 4}">{SecurityElement.Escape(lines[index].Name)}</text>""");
            }
        }
    }
}
